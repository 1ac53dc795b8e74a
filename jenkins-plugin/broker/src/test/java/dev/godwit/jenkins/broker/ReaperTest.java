package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.client.Endpoint;
import dev.godwit.daemon.MemoryFleet;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs that no node names are removed, and nobody else's. */
class ReaperTest {
    private static final Duration MORE_THAN_GRACE = Census.GRACE.plusSeconds(1);

    @TempDir
    Path directory;

    @Test
    void twoControllersOnOneHostdLeaveEachOthersVmsAlone() throws Exception {
        try (MemoryFleet fleet = new MemoryFleet(directory)) {
            Endpoint host = fleet.start("host-a");
            try (MemoryBroker one = MemoryBroker.open("controller-1", host).ready();
                    MemoryBroker two = MemoryBroker.open("controller-2", host).ready()) {
                String ofOne = Objects.requireNonNull(one.agent(one.started()).vm());
                String ofTwo = Objects.requireNonNull(two.agent(two.started()).vm());
                one.close();
                try (MemoryBroker later = MemoryBroker.open("controller-1", host)) {
                    later.ready();
                    later.timer.run();
                    assertThat(fleet.vms()).as("within the grace").contains(ofOne, ofTwo);
                    assertThat(later.broker.reserve(any -> true, 100))
                            .as("a stray counts under the caps")
                            .hasSize(49);
                    later.clock.pass(MORE_THAN_GRACE);
                    later.awaitTimer(() -> !fleet.vms().contains(ofOne));
                    assertThat(fleet.vms()).containsExactly(ofTwo);
                    two.clock.pass(MORE_THAN_GRACE);
                    two.timer.run();
                    assertThat(fleet.vms()).containsExactly(ofTwo);
                }
            }
        }
    }

    @Test
    void aVmThatTheControllerNamesIsNeverReapedAlthoughTheBrokerDoesNotKnowIt() throws Exception {
        try (MemoryFleet fleet = new MemoryFleet(directory)) {
            Endpoint host = fleet.start("host-a");
            String node;
            try (MemoryBroker before = MemoryBroker.open("controller-1", host).ready()) {
                node = before.started();
            }
            try (MemoryBroker later = MemoryBroker.open("controller-1", host)) {
                later.nodes.add(node);
                later.ready();
                later.timer.run();
                later.clock.pass(MORE_THAN_GRACE);
                later.timer.run();
                assertThat(fleet.vms()).hasSize(1);
                later.nodes.remove(node);
                later.timer.run();
                later.clock.pass(MORE_THAN_GRACE);
                later.awaitTimer(() -> fleet.vms().isEmpty());
            }
        }
    }
}
