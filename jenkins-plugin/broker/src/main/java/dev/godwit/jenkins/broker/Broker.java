package dev.godwit.jenkins.broker;

import java.io.IOException;
import java.io.InputStream;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The VMs of one cloud: made under caps, kept by leases, followed through moves, and removed. Closing it leaves the VMs alone:
 * they live until their leases end, and another broker attaches to them. Thread-safe.
 */
public final class Broker implements AutoCloseable {
    private Broker() {}

    /**
     * Begins to work; does not wait for a hostd.
     *
     * @param nodes what must not be reaped although this broker does not know it
     * @param events whom to tell
     */
    public static Broker open(BrokerSettings settings, KnownNodes nodes, AgentEvents events) {
        return open(settings, nodes, events, InstantSource.system(), Scheduler.real());
    }

    /** The same with a clock and a timer; the broker closes the timer. */
    public static Broker open(
            BrokerSettings settings, KnownNodes nodes, AgentEvents events, InstantSource clock, Scheduler timer) {
        throw new UnsupportedOperationException();
    }

    /** The settings it works by. */
    public BrokerSettings settings() {
        throw new UnsupportedOperationException();
    }

    /** Works by other settings from now on; agents that are there stay. The owner can't change. */
    public void reconfigure(BrokerSettings settings) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes places for nodes under the caps of the cloud and of the agent templates; never more than they allow. Gives fewer
     * nodes or none where caps, a refusal of a moment ago or a silent hostd leave no more: {@link #log} says why.
     *
     * @param fits which agent templates serve the label; asked in their order
     * @param executorsWanted as many as all nodes together shall have at least
     */
    public List<Reservation> reserve(Predicate<AgentTemplate> fits, int executorsWanted) {
        throw new UnsupportedOperationException();
    }

    /** Whether {@link #reserve} would give a node now. Does not block. */
    public boolean canReserve(Predicate<AgentTemplate> fits) {
        throw new UnsupportedOperationException();
    }

    /** Gives a place back that was never started. */
    public void release(String node) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes a node of before a controller's restart as the broker's own again. Its VM is not made anew when it is gone: the
     * node is then {@linkplain AgentEvents#lost lost}. Does not block.
     */
    public void attach(String node, String agentTemplate, int executors) {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes the VM of a reserved node, or finds the one that is there, and starts the agent's process in it unless it runs.
     * Blocks until the process runs. May be called again for the same node, at any time.
     *
     * @throws AgentStartFailed with a sentence; the node is to be terminated
     * @throws InterruptedException the caller gave up; the node is to be terminated
     */
    public void start(AgentConnection connection, StartLog log) throws AgentStartFailed, InterruptedException {
        throw new UnsupportedOperationException();
    }

    /** The agent's connection is there: its times are complete. */
    public void connected(String node) {
        throw new UnsupportedOperationException();
    }

    /** Deletes a node's VM. Does not wait; what fails is tried again until hostd says that the VM is gone. */
    public void terminate(String node) {
        throw new UnsupportedOperationException();
    }

    /** How an agent stands; empty when the node is unknown. */
    public Optional<AgentStatus> agent(String node) {
        throw new UnsupportedOperationException();
    }

    /** All that count under the caps. */
    public List<AgentStatus> agents() {
        throw new UnsupportedOperationException();
    }

    /** The serial console's log of a node's VM so far. The caller closes it. */
    public InputStream console(String node) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Asks the fleet; blocks for some seconds at most. */
    public ConnectionReport connectionReport() {
        throw new UnsupportedOperationException();
    }

    /** The same for settings that no broker works by yet: <em>Test connection</em>. */
    public static ConnectionReport connectionReport(BrokerSettings settings) {
        throw new UnsupportedOperationException();
    }

    /** How long agents took. */
    public ProvisioningTimes times() {
        throw new UnsupportedOperationException();
    }

    /** What went wrong. */
    public CloudLog log() {
        throw new UnsupportedOperationException();
    }

    /** Stops to renew, follow and reap; the VMs stay. */
    @Override
    public void close() {}
}
