package dev.godwit.jenkins.broker;

import static org.awaitility.Awaitility.await;

import dev.godwit.client.Endpoint;
import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;

/** A broker with a clock and a timer that the test moves, at a fleet of VMs in memory, and the nodes of its controller. */
final class MemoryBroker implements AutoCloseable {
    static {
        // Long against what a busy machine takes; what fails, fails by never coming.
        Awaitility.setDefaultTimeout(SeenEvents.LIMIT);
    }

    static final String SECRET = "5ec2e7a1b2c3d4e5f60718293a4b5c6d";
    static final AgentTemplate TEMPLATE = AgentTemplate.named("c-build", "debian-ci")
            .labels(Set.of("c-build"))
            .size(1, 256, 3072)
            .instanceCap(50)
            .build();
    static final Duration LEASE = Duration.ofSeconds(60);

    final ManualClock clock = new ManualClock();
    final ManualScheduler timer = new ManualScheduler();
    final SeenEvents events = new SeenEvents();
    final Set<String> nodes = Collections.synchronizedSet(new TreeSet<>());
    final List<String> log = new CopyOnWriteArrayList<>();
    final Broker broker;

    private MemoryBroker(BrokerSettings settings) {
        broker = Broker.open(settings, () -> Set.copyOf(nodes), events, clock, timer);
    }

    static MemoryBroker open(String owner, Endpoint... endpoints) {
        return open(owner, List.of(TEMPLATE), endpoints);
    }

    static MemoryBroker open(String owner, List<AgentTemplate> templates, Endpoint... endpoints) {
        return new MemoryBroker(settings(owner, templates, endpoints));
    }

    static BrokerSettings settings(String owner, List<AgentTemplate> templates, Endpoint... endpoints) {
        return new BrokerSettings("godwit", owner, List.of(endpoints), null, 50, templates, LEASE);
    }

    /** Waits until the fleet was asked for the first time. */
    MemoryBroker ready() {
        awaitTimer(() -> broker.canReserve(any -> true));
        return this;
    }

    /**
     * Waits until this holds while the timer goes on, as it does in a controller: what one of its rounds could not do, because a
     * host was slow, the next one does.
     */
    void awaitTimer(BooleanSupplier holds) {
        await().until(() -> {
            if (!holds.getAsBoolean()) {
                timer.run();
            }
            return holds.getAsBoolean();
        });
    }

    /** Waits for a line that begins so while the timer goes on, and gives it. */
    String awaitLineOfTimer(String beginning) {
        awaitTimer(() -> events.lines.stream().anyMatch(line -> line.startsWith(beginning)));
        return events.awaitLine(beginning);
    }

    /** Waits until every node's VM is gone. */
    void awaitNoAgents() {
        awaitTimer(() -> broker.agents().isEmpty());
    }

    /** A reserved node. */
    String reserve() {
        String node = broker.reserve(any -> true, 1).get(0).node();
        nodes.add(node);
        return node;
    }

    void start(String node) throws AgentStartFailed, InterruptedException {
        broker.start(connection(node), log::add);
    }

    static AgentConnection connection(String node) {
        return new AgentConnection(URI.create("http://jenkins.example:8080/"), node, SECRET, true);
    }

    /** A node whose agent's process runs. */
    String started() throws AgentStartFailed, InterruptedException {
        String node = reserve();
        start(node);
        return node;
    }

    /** The node is deleted in the controller, and its VM. */
    void terminate(String node) {
        broker.terminate(node);
        nodes.remove(node);
    }

    AgentStatus agent(String node) {
        return broker.agent(node).orElseThrow();
    }

    List<String> sentences() {
        return broker.log().entries().stream().map(CloudLog.Entry::sentence).toList();
    }

    @Override
    public void close() {
        broker.close();
    }
}
