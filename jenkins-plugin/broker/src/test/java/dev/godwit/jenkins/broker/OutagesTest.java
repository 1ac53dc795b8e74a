package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.godwit.client.Endpoint;
import dev.godwit.daemon.MemoryFleet;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** hostd is away for a while, and what comes of it. */
class OutagesTest {
    private static final Duration OUTAGE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private MemoryFleet fleet;
    private MemoryBroker own;

    @BeforeEach
    void open() throws Exception {
        fleet = new MemoryFleet(directory);
        Endpoint a = fleet.start("host-a");
        own = MemoryBroker.open("controller-1", a).ready();
    }

    @AfterEach
    void close() throws Exception {
        own.close();
        fleet.close();
    }

    /** What the timer does in a stretch of time. */
    private void pass(Duration time) {
        Duration step = Duration.ofSeconds(15);
        for (Duration gone = Duration.ZERO; gone.compareTo(time) < 0; gone = gone.plus(step)) {
            own.clock.pass(step);
            own.timer.run();
        }
    }

    private List<String> outages() {
        return own.sentences().stream()
                .filter(each -> each.startsWith("No hostd"))
                .toList();
    }

    @Test
    void theQueueWaitsForAMinuteWithoutHostdNothingLeaksAndTheCauseIsShownOnce() throws Exception {
        String node = own.started();
        fleet.stop("host-a");
        pass(OUTAGE);
        assertThat(own.broker.reserve(any -> true, 3)).isEmpty();
        assertThat(own.broker.canReserve(any -> true)).isFalse();
        assertThat(outages()).singleElement().asString().contains("hostd.sock");
        assertThat(own.agent(node).state()).as("by hostd's word only").isEqualTo(AgentState.CONNECTING);
        int before = own.events.timesAvailable();

        fleet.start("host-a");
        pass(Duration.ofSeconds(5));
        own.awaitTimer(() -> own.events.timesAvailable() > before);
        assertThat(own.sentences()).anyMatch(each -> each.startsWith("hostd answers again, after "));
        String next = own.started();
        assertThat(fleet.vms()).hasSize(2);
        own.terminate(node);
        own.terminate(next);
        own.awaitNoAgents();
        assertThat(fleet.vms()).isEmpty();
        assertThat(own.events.lines).isEmpty();
    }

    @Test
    void aStartWaitsForAHostdThatIsRestartedAndMakesOneVm() throws Exception {
        String node = own.reserve();
        fleet.stop("host-a");
        CompletableFuture<Void> start = CompletableFuture.runAsync(() -> {
            try {
                own.start(node);
            } catch (AgentStartFailed | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        await().until(() -> own.log.stream().anyMatch(line -> line.startsWith("Waiting for a hostd")));
        assertThat(start).isNotDone();
        fleet.start("host-a");
        start.get();
        assertThat(fleet.vms()).hasSize(1);
        assertThat(own.log.stream().filter(line -> line.startsWith("Waiting"))).hasSize(1);
    }

    @Test
    void aStartThatFindsNoHostdInItsTimeSaysSo() throws Exception {
        String node = own.reserve();
        fleet.stop("host-a");
        CompletableFuture<Void> start = CompletableFuture.runAsync(() -> assertThatThrownBy(() -> own.start(node))
                .hasMessageContaining("Waited 300 s in vain for VM " + node)
                .isInstanceOfSatisfying(
                        AgentStartFailed.class,
                        e -> assertThat(e.reason()).isEqualTo(AgentStartFailed.Reason.UNREACHABLE)));
        await().until(() -> own.log.stream().anyMatch(line -> line.startsWith("Waiting for a hostd")));
        own.clock.pass(Duration.ofSeconds(300));
        start.get();
        own.terminate(node);
        fleet.start("host-a");
        pass(Duration.ofSeconds(5));
        own.awaitNoAgents();
    }

    @Test
    void aVmWhoseRemovalFailsCountsUntilItIsGone() throws Exception {
        String node = own.started();
        fleet.stop("host-a");
        own.terminate(node);
        pass(OUTAGE);
        assertThat(own.agent(node).state()).isEqualTo(AgentState.TERMINATING);
        fleet.start("host-a");
        pass(Duration.ofSeconds(5));
        own.awaitNoAgents();
        assertThat(fleet.vms()).isEmpty();
    }

    @Test
    void anAgentKeepsItsProcessAndItsVmThroughARestartOfHostd() throws Exception {
        String node = own.started();
        own.broker.connected(node);
        fleet.stop("host-a");
        fleet.start("host-a");
        pass(Duration.ofSeconds(10));
        assertThat(own.agent(node).state()).isEqualTo(AgentState.CONNECTED);
        fleet.signalAll(Objects.requireNonNull(own.agent(node).vm()), "TERM");
        assertThat(own.awaitLineOfTimer("ended")).as("it is followed again").startsWith("ended " + node + " 143");
    }

    @Test
    void renewalsThatFailLongerThanALeaseLastsAreSaidOnceAndTheVmIsLostByHostdsWordOnly() throws Exception {
        String node = own.started();
        fleet.stop("host-a");
        pass(MemoryBroker.LEASE.plus(OUTAGE));
        assertThat(own.sentences().stream().filter(each -> each.startsWith("No lease could be renewed")))
                .hasSize(1);
        assertThat(own.events.lines).isEmpty();
        fleet.end(Objects.requireNonNull(own.agent(node).vm()));
        fleet.start("host-a");
        pass(Duration.ofSeconds(5));
        assertThat(own.awaitLineOfTimer("lost " + node)).contains("its lease ran out");
        own.terminate(node);
        own.awaitNoAgents();
    }
}
