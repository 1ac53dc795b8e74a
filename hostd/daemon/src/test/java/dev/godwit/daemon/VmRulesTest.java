package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRule;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import dev.godwit.net.Policy;
import dev.godwit.net.Prefix;
import dev.godwit.net.Verdict;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmRulesTest {
    private static final List<Prefix> GUARDED = List.of(Prefix.parse("10.1.0.0/24"));

    @TempDir
    Path directory;

    @Test
    void whatAProjectDeniesIsNotOpenWhileNobodyCanSayWhatItDenies() throws Exception {
        NetworkSettings closed = new NetworkSettings(
                List.of(), List.of(new TrafficRule("0.0.0.0/0", null, null)), List.of(), null, null);
        Network network;
        try (SqliteFleetStore store = SqliteFleetStore.open(directory.resolve("fleet.db"), System::nanoTime)) {
            network =
                    new Networks(store).put("web", closed, OptionalLong.empty()).network();
        }
        boolean[] away = {true};
        VmRules rules = new VmRules(
                project -> {
                    if (away[0]) {
                        throw new Unavailable("etcd is down");
                    }
                    return network;
                },
                () -> GUARDED);
        Policy unknown = rules.of("web").policy();
        assertThat(unknown.outbound()).isEqualTo(Verdict.DENY);
        assertThat(unknown.rules()).isEmpty();
        assertThat(unknown.localEgress()).isEmpty();
        assertThat(rules.of("web").rate()).isEmpty();
        away[0] = false;
        assertThat(rules.of("web").policy()).isEqualTo(NetworkPolicy.of(closed, GUARDED));
    }
}
