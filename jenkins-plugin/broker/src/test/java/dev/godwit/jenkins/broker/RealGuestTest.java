package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.godwit.api.Vm;
import dev.godwit.lab.LabHost;
import dev.godwit.lab.LabNetwork;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The broker with two real hostds and a real guest, in which a real JVM runs an agent that holds its connection. Needs root. */
@Timeout(value = 12, unit = TimeUnit.MINUTES)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RealGuestTest {
    private static final String SECRET = "5ec2e7a1b2c3d4e5f60718293a4b5c6d";
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final AgentTemplate TEMPLATE = AgentTemplate.named("c-build", RealFleet.IMAGE)
            .labels(Set.of("c-build"))
            .size(1, 384, 3072)
            .environment(Map.of("STAGE", "test", "JAVA_TOOL_OPTIONS", "-Xmx64m -XX:TieredStopAtLevel=1"))
            .build();

    @TempDir
    static Path folder;

    private RealFleet fleet;
    private TestController controller;
    private final List<String> log = new CopyOnWriteArrayList<>();

    @BeforeAll
    void open() throws Exception {
        Assumptions.assumeTrue(LabNetwork.isPrivate(), "no network namespace of its own: needs root");
        fleet = new RealFleet();
        controller = new TestController(fleet.lab.network().client(), folder);
    }

    @AfterAll
    void close() throws Exception {
        if (controller != null) {
            controller.close();
        }
        if (fleet != null) {
            fleet.close();
        }
    }

    private Broker broker(SeenEvents events, Scheduler timer, AgentTemplate... templates) throws Exception {
        return Broker.open(
                fleet.settings("controller-1", LEASE, templates), Set::of, events, InstantSource.system(), timer);
    }

    private static String reserve(Broker broker, String template) {
        await().atMost(LIMIT).until(() -> broker.canReserve(any -> true));
        return broker.reserve(each -> each.name().equals(template), 1).get(0).node();
    }

    private void start(Broker broker, String node) throws Exception {
        broker.start(new AgentConnection(controller.url(), node, SECRET, true), log::add);
    }

    private static AgentStatus status(Broker broker, String node) {
        return broker.agent(node).orElseThrow();
    }

    private static String vm(Broker broker, String node) {
        return Objects.requireNonNull(status(broker, node).vm());
    }

    @Test
    void anAgentLivesThroughAControllersRestartAndAMoveAndItsVmEndsWithItsLease() throws Exception {
        SeenEvents events = new SeenEvents();
        String node;
        String vm;
        TestController.Connection agent;
        Instant firstEnd;
        try (Broker broker = broker(events, Scheduler.real(), TEMPLATE)) {
            node = reserve(broker, "c-build");
            start(broker, node);
            vm = vm(broker, node);
            agent = controller.awaitConnection(1);
            broker.connected(node);
            firstEnd = Objects.requireNonNull(fleet.client.vm(vm).leaseEndsAt());
            assertThat(agent.greeting).isEqualTo(node + " " + SECRET + " true");
            assertThat(agent.ask("hello")).isEqualTo("hello jenkins /home/jenkins/agent test");
            assertTheSecretIsHidden(vm);
            start(broker, node);
            assertThat(log).last().isEqualTo("The agent's process runs already.");
            assertThat(broker.times().summary("c-build")).isPresent();
        }
        try (Broker broker = broker(events, Scheduler.real(), TEMPLATE)) {
            broker.attach(node, "c-build", 1);
            start(broker, node);
            broker.connected(node);
            assertThat(log).contains(AgentScript.RUNS);
            assertThat(fleet.shell(vm, "pgrep -c java")).isEqualTo("1");
            assertThat(agent.ask("still there")).startsWith("still there jenkins");

            String moveId = fleet.client.move(vm, "host-b");
            String moved = events.awaitLine("moved " + node + " host-a host-b");
            assertThat(agent.ask("over there")).startsWith("over there jenkins");
            assertThat(events.lines.get(0)).isEqualTo("moving " + node + " host-a");
            assertThat(Double.parseDouble(moved.substring(moved.lastIndexOf(' ') + 1)))
                    .isEqualTo(Objects.requireNonNull(Objects.requireNonNull(
                                    fleet.client.moveRecord(moveId).blackoutMillis())
                            .hostd()));
            assertThat(events.lines).hasSize(2);
            assertThat(controller.connections).as("the connection was held").hasSize(1);
            assertThat(status(broker, node).state()).isEqualTo(AgentState.CONNECTED);
            assertThat(status(broker, node).host()).isEqualTo("host-b");

            agent.tell("exit 7");
            assertThat(events.awaitLine("ended " + node)).startsWith("ended " + node + " 7 ");
            start(broker, node);
            controller.awaitConnection(2);
            assertThat(vm(broker, node)).isEqualTo(vm);
            await().atMost(LIMIT).until(() -> Instant.now().isAfter(firstEnd));
            assertThat(fleet.client.vm(vm).leaseEndsAt()).as("it was renewed").isAfter(firstEnd);
        }
        SeenEvents last = new SeenEvents();
        ManualScheduler noRenewals = new ManualScheduler();
        try (Broker broker = broker(last, noRenewals, TEMPLATE)) {
            broker.attach(node, "c-build", 1);
            await().atMost(LIMIT).until(() -> status(broker, node).vm() != null);
            assertThat(last.awaitLine("lost " + node, LIMIT)).contains("lease");
            await().atMost(LIMIT).until(() -> fleet.client.vms().isEmpty());
        }
    }

    private void assertTheSecretIsHidden(String vm) throws Exception {
        assertThat(fleet.shell(vm, "stat -c '%a %U' /run/godwit-agent/secret")).isEqualTo("600 jenkins");
        assertThat(fleet.shell(
                        vm,
                        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ /proc/cmdline |"
                                + " grep -acFf /run/godwit-agent/secret"))
                .isEqualTo("0");
        assertThat(log).noneMatch(line -> line.contains(SECRET));
        for (LabHost host : List.of(fleet.a, fleet.b)) {
            assertThat(Files.readString(host.directory().resolve("hostd.log"))).doesNotContain(SECRET);
        }
    }

    @Test
    void whatCanGoWrongBeforeAnAgentConnectsIsASentence() throws Exception {
        AgentTemplate huge = AgentTemplate.named("huge", RealFleet.IMAGE)
                .size(1, 1_000_000, 3072)
                .build();
        AgentTemplate unknown = AgentTemplate.named("unknown", "no-such-image").build();
        try (Broker broker = broker(new SeenEvents(), Scheduler.real(), TEMPLATE, huge, unknown)) {
            String noRoom = reserve(broker, "huge");
            assertThatThrownBy(() -> start(broker, noRoom)).hasMessageContaining("memory");
            String noImage = reserve(broker, "unknown");
            assertThatThrownBy(() -> start(broker, noImage)).hasMessageContaining("no-such-image");
            assertThat(broker.log().entries("huge")).hasSize(1);
            assertThat(broker.log().entries("unknown")).hasSize(1);

            String dying = reserve(broker, "c-build");
            CompletableFuture<Void> start =
                    CompletableFuture.runAsync(() -> assertThatThrownBy(() -> start(broker, dying))
                            .isInstanceOfSatisfying(
                                    AgentStartFailed.class,
                                    e -> assertThat(e.reason()).isEqualTo(AgentStartFailed.Reason.VM_GONE))
                            .hasMessageContaining(dying));
            await().atMost(LIMIT).until(() -> status(broker, dying).state() == AgentState.STARTING);
            killVmm(vm(broker, dying));
            start.get();
            for (String node : List.of(noRoom, noImage, dying)) {
                broker.terminate(node);
            }
            await().atMost(LIMIT).until(() -> broker.agents().isEmpty());
            assertThat(fleet.client.vms()).extracting(Vm::name).doesNotContain(noRoom, noImage, dying);
        }
    }

    private void killVmm(String vm) {
        String pid = fleet.a
                .machine()
                .run("pgrep", "-f", "[q]emu-system.*" + vm)
                .lines()
                .findFirst()
                .orElseThrow();
        fleet.a.machine().signal(Long.parseLong(pid), "KILL");
    }
}
