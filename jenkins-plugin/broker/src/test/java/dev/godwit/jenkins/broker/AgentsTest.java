package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.godwit.client.Endpoint;
import dev.godwit.client.GodwitClient;
import dev.godwit.daemon.MemoryFleet;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An agent's life from its reservation to its end, at real REST with VMs in memory. */
class AgentsTest {
    @TempDir
    Path directory;

    private MemoryFleet fleet;
    private Endpoint a;
    private Endpoint b;
    private MemoryBroker own;

    @BeforeEach
    void open() throws Exception {
        fleet = new MemoryFleet(directory);
        a = fleet.start("host-a");
        b = fleet.start("host-b");
        own = MemoryBroker.open("controller-1", a, b).ready();
    }

    @AfterEach
    void close() throws Exception {
        own.close();
        fleet.close();
    }

    @Test
    void anAgentIsReservedStartedConnectedAndRemoved() throws Exception {
        String node = own.reserve();
        assertThat(own.agent(node).state()).isEqualTo(AgentState.RESERVED);
        own.start(node);
        assertThat(own.agent(node).state()).isEqualTo(AgentState.CONNECTING);
        assertThat(own.agent(node).host()).isEqualTo("host-a");
        own.broker.connected(node);
        assertThat(own.agent(node).state()).isEqualTo(AgentState.CONNECTED);
        own.terminate(node);
        own.awaitNoAgents();
        assertThat(fleet.vms()).isEmpty();
        assertThat(own.events.lines).isEmpty();
    }

    @Test
    void theSecretIsInNoArgumentAndInNoLog() throws Exception {
        own.started();
        assertThat(fleet.arguments()).isNotEmpty().noneMatch(argument -> argument.contains(MemoryBroker.SECRET));
        assertThat(own.log).isNotEmpty().noneMatch(line -> line.contains(MemoryBroker.SECRET));
        assertThat(MemoryBroker.connection("n").toString()).doesNotContain(MemoryBroker.SECRET);
    }

    @Test
    void startingAgainFindsTheVmAndTheProcessThatAreThere() throws Exception {
        String node = own.started();
        String vm = Objects.requireNonNull(own.agent(node).vm());
        own.start(node);
        assertThat(fleet.vms()).containsExactly(vm);
        assertThat(own.log).last().isEqualTo("The agent's process runs already.");
    }

    @Test
    void theTimesOfAStartAreSplitAndBeginInTheQueue() throws Exception {
        Instant queued = own.clock.instant();
        own.clock.pass(Duration.ofSeconds(2));
        String node = own.broker.reserve(any -> true, 1, queued).get(0).node();
        own.start(node);
        own.clock.pass(Duration.ofSeconds(3));
        own.broker.connected(node);
        own.broker.connected(node); // it comes back after a break: no second start
        ProvisioningTimes.Summary times = own.broker.times().summary("c-build").orElseThrow();
        assertThat(times.samples()).isEqualTo(1);
        assertThat(times.plugin().p50()).isEqualTo(Duration.ofSeconds(2));
        assertThat(times.connect().p95()).isEqualTo(Duration.ofSeconds(3));
        assertThat(times.total().p50()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void aMoveIsToldAndTheAgentStaysWhatItWas() throws Exception {
        String node = own.started();
        own.broker.connected(node);
        String vm = Objects.requireNonNull(own.agent(node).vm());
        try (GodwitClient client = new GodwitClient(List.of(a))) {
            client.move(vm, "host-b");
        }
        own.events.awaitLine("moved " + node);
        assertThat(own.events.lines)
                .containsExactly("moving " + node + " host-a", "moved " + node + " host-a host-b 21.5");
        assertThat(own.agent(node).state()).isEqualTo(AgentState.CONNECTED);
        assertThat(own.agent(node).host()).isEqualTo("host-b");
        assertThat(own.agent(node).moves()).singleElement().satisfies(move -> {
            assertThat(move.to()).isEqualTo("host-b");
            assertThat(move.pausedMillis()).isEqualTo(21.5);
        });
        own.timer.run();
        assertThat(own.events.lines).hasSize(2);
    }

    @Test
    void aMoveThatNoEventToldIsFoundByTheCensus() throws Exception {
        String node = own.started();
        String vm = Objects.requireNonNull(own.agent(node).vm());
        own.close();
        try (MemoryBroker later = MemoryBroker.open("controller-1", a, b)) {
            later.nodes.add(node);
            later.broker.attach(node, "c-build", 1);
            await().until(() -> "host-a".equals(later.agent(node).host()));
            fleet.own(vm, "host-b");
            later.awaitLineOfTimer("moved");
            assertThat(later.events.lines).containsExactly("moved " + node + " host-a host-b null");
        }
    }

    @Test
    void aMoveThatTheCensusFoundFirstIsToldOnceAndItsEventsAreNoNewsLater() throws Exception {
        String node = own.started();
        String vm = Objects.requireNonNull(own.agent(node).vm());
        own.close();
        Endpoint c = fleet.start("host-c");
        try (MemoryBroker later = MemoryBroker.open("controller-1", c).ready();
                GodwitClient client = new GodwitClient(List.of(a, b))) {
            later.nodes.add(node);
            later.broker.attach(node, "c-build", 1);
            later.start(node);
            later.broker.connected(node);
            int moves = 0;
            do { // until its events are followed
                moveOnce(client, later, node, vm, ++moves);
            } while (later.events.lines.stream().noneMatch(line -> line.startsWith("moving")));
            fleet.stop("host-c");
            later.awaitTimer(() -> !later.broker.canReserve(any -> true));
            client.move(vm, elsewhere(later, node));
            fleet.start("host-c");
            int told = ++moves;
            later.awaitTimer(() -> moved(later).size() == told);
            moveOnce(client, later, node, vm, ++moves); // its events come after all that the broker has missed
            assertThat(moved(later)).hasSize(moves).allMatch(line -> line.endsWith(" 21.5"));
            assertThat(later.agent(node).moves()).hasSize(moves);
            assertThat(later.agent(node).state()).isEqualTo(AgentState.CONNECTED);
        }
    }

    private static void moveOnce(GodwitClient client, MemoryBroker own, String node, String vm, int moves)
            throws Exception {
        client.move(vm, elsewhere(own, node));
        own.awaitTimer(() -> moved(own).size() >= moves);
    }

    private static String elsewhere(MemoryBroker own, String node) {
        return "host-a".equals(own.agent(node).host()) ? "host-b" : "host-a";
    }

    private static List<String> moved(MemoryBroker own) {
        return own.events.lines.stream()
                .filter(line -> line.startsWith("moved"))
                .toList();
    }

    @Test
    void aMoveThatBeganBeforeTheControllersRestartIsToldFromItsMiddleToItsEnd() throws Exception {
        String node = own.started();
        String vm = Objects.requireNonNull(own.agent(node).vm());
        own.close();
        fleet.holdMoves();
        try (MemoryBroker later = MemoryBroker.open("controller-1", a, b);
                GodwitClient client = new GodwitClient(List.of(a, b))) {
            String move = client.move(vm, "host-b");
            later.nodes.add(node);
            later.broker.attach(node, "c-build", 1);
            later.ready();
            later.start(node);
            later.broker.connected(node);
            later.awaitLineOfTimer("moving " + node);
            assertThat(later.agent(node).state()).isEqualTo(AgentState.MOVING);
            fleet.endMove(vm, null);
            later.awaitLineOfTimer("moved " + node);
            later.timer.run();
            assertThat(later.events.lines)
                    .containsExactly("moving " + node + " host-a", "moved " + node + " host-a host-b 21.5");
            assertThat(later.agent(node).state()).isEqualTo(AgentState.CONNECTED);
            assertThat(later.agent(node).moves())
                    .singleElement()
                    .satisfies(seen -> assertThat(seen.id()).isEqualTo(move));
        }
    }

    @Test
    void aMoveThatFailsIsToldWithItsCauseAndTheAgentIsWhatItWas() throws Exception {
        String node = own.started();
        own.broker.connected(node);
        String vm = Objects.requireNonNull(own.agent(node).vm());
        fleet.holdMoves();
        try (GodwitClient client = new GodwitClient(List.of(a))) {
            client.move(vm, "host-b");
        }
        own.events.awaitLine("moving " + node);
        fleet.endMove(vm, "host-b lacks 512 MiB of memory");
        own.events.awaitLine("movedBack " + node);
        own.timer.run();
        assertThat(own.events.lines)
                .containsExactly(
                        "moving " + node + " host-a", "movedBack " + node + " host-a host-b lacks 512 MiB of memory");
        assertThat(own.agent(node).state()).isEqualTo(AgentState.CONNECTED);
    }

    @Test
    void aVmThatIsGoneIsToldOnceWithItsCause() throws Exception {
        String node = own.started();
        fleet.end(Objects.requireNonNull(own.agent(node).vm()));
        assertThat(own.awaitLineOfTimer("lost")).contains(node).contains("not there any more");
        own.timer.run();
        own.timer.run();
        assertThat(own.events.lines).hasSize(1);
        assertThat(own.agent(node).state()).isEqualTo(AgentState.LOST);
        assertThatThrownBy(() -> own.start(node))
                .isInstanceOfSatisfying(
                        AgentStartFailed.class, e -> assertThat(e.reason()).isEqualTo(AgentStartFailed.Reason.VM_GONE));
        own.terminate(node);
        own.awaitNoAgents();
        assertThat(fleet.vms()).isEmpty();
    }

    @Test
    void aProcessThatEndsIsToldAndCanBeStartedAgainInTheSameVm() throws Exception {
        String node = own.started();
        own.broker.connected(node);
        String vm = Objects.requireNonNull(own.agent(node).vm());
        fleet.signalAll(vm, "KILL");
        assertThat(own.events.awaitLine("ended")).startsWith("ended " + node + " 137 ");
        assertThat(own.agent(node).state()).isEqualTo(AgentState.ENDED);
        own.start(node);
        assertThat(own.agent(node).state()).isEqualTo(AgentState.CONNECTING);
        assertThat(fleet.vms()).containsExactly(vm);
    }

    @Test
    void aNodeOfBeforeIsAttachedToItsVmAndOneWithoutAVmIsLostInsteadOfMadeAnew() throws Exception {
        String node = own.started();
        String vm = Objects.requireNonNull(own.agent(node).vm());
        own.close();
        try (MemoryBroker later = MemoryBroker.open("controller-1", a)) {
            later.nodes.addAll(List.of(node, "c-build-gone"));
            later.broker.attach(node, "c-build", 1);
            later.broker.attach("c-build-gone", "c-build", 1);
            later.ready();
            later.start(node);
            assertThat(fleet.vms()).containsExactly(vm);
            assertThat(later.agent(node).vm()).isEqualTo(vm);
            assertThat(later.awaitLineOfTimer("lost c-build-gone")).contains("not there any more");
            assertThatThrownBy(() -> later.start("c-build-gone")).isInstanceOf(AgentStartFailed.class);
            assertThat(fleet.vms()).containsExactly(vm);
        }
    }

    @Test
    void anAgentTemplateThatWasRemovedMakesNoMoreAgents() throws Exception {
        String node = own.reserve();
        AgentTemplate other = AgentTemplate.named("other", "debian-ci").build();
        own.broker.reconfigure(MemoryBroker.settings("controller-1", List.of(other), a));
        assertThatThrownBy(() -> own.start(node)).hasMessageContaining("no agent template c-build any more");
        assertThatThrownBy(() -> own.broker.reconfigure(MemoryBroker.settings("controller-2", List.of(other), a)))
                .hasMessageContaining("controller-2");
    }
}
