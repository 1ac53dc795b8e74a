package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.fleet.HostRecord;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetPresenceTest {
    @TempDir
    Path directory;

    @Test
    void aHostIsKnownFromTheFirstOnAndNotAnyMoreOnceItIsClosed() throws Exception {
        try (LocalVms local = new LocalVms(directory)) {
            local.storeAway = true;
            FleetPresence presence = FleetPresence.begin(
                    TestHost.config("host-a", directory.resolve("h")), local.store, "one", Map.of());
            assertThat(presence.validUntilNanos()).as("nothing was waited for").isEmpty();
            local.storeAway = false;
            presence.awaitFirst();
            assertThat(presence.validUntilNanos()).isPresent();
            assertThat(local.store.hosts()).extracting(HostRecord::hostId).containsExactly("host-a");
            presence.close();
            assertThat(local.store.hosts()).isEmpty();
            presence.close();
        }
    }
}
