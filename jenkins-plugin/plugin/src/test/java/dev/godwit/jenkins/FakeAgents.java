package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentConnection;
import dev.godwit.jenkins.broker.AgentEvents;
import dev.godwit.jenkins.broker.AgentStartFailed;
import dev.godwit.jenkins.broker.AgentState;
import dev.godwit.jenkins.broker.AgentStatus;
import dev.godwit.jenkins.broker.AgentTemplate;
import dev.godwit.jenkins.broker.BrokerSettings;
import dev.godwit.jenkins.broker.CloudLog;
import dev.godwit.jenkins.broker.ConnectionReport;
import dev.godwit.jenkins.broker.KnownNodes;
import dev.godwit.jenkins.broker.ProvisioningTimes;
import dev.godwit.jenkins.broker.Reservation;
import dev.godwit.jenkins.broker.StartLog;
import hudson.slaves.SlaveComputer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import jenkins.model.Jenkins;
import org.jspecify.annotations.Nullable;

/** Agents of which each connects as soon as it is started; the broker's own tests have real ones. */
final class FakeAgents implements CloudAgents {
    private BrokerSettings settings;
    final KnownNodes known;
    final AgentEvents events;
    final Map<String, AgentStatus> there = new LinkedHashMap<>();
    final List<String> started = new ArrayList<>();
    final List<String> attached = new ArrayList<>();
    final List<String> terminated = new ArrayList<>();
    final List<String> released = new ArrayList<>();
    int reconfigured;
    boolean closed;
    boolean connects = true;
    /** Why no agent can be started; null while they can. */
    @Nullable
    String refuses;

    /** Never again, as in a broker: what was lost is remembered by its name. */
    private static int number;

    FakeAgents(BrokerSettings settings, KnownNodes known, AgentEvents events) {
        this.settings = settings;
        this.known = known;
        this.events = events;
    }

    @Override
    public void reconfigure(BrokerSettings newer) {
        settings = newer;
        reconfigured++;
    }

    @Override
    public List<Reservation> reserve(Predicate<AgentTemplate> fits, int executorsWanted) {
        List<Reservation> all = new ArrayList<>();
        Optional<AgentTemplate> template =
                settings.agentTemplates().stream().filter(fits).findFirst();
        for (int left = executorsWanted;
                template.isPresent() && left > 0 && there.size() < settings.instanceCap();
                left -= template.get().executors()) {
            String node = template.get().name() + "-" + ++number;
            there.put(node, status(node, template.get().name(), AgentState.RESERVED));
            all.add(new Reservation(node, template.get().name(), template.get().executors(), Instant.EPOCH));
        }
        return all;
    }

    private static AgentStatus status(String node, String template, AgentState state) {
        return new AgentStatus(
                node, template, 1, state, "vm-" + node, "host-a", "sha256:0", Instant.EPOCH, List.of(), null);
    }

    @Override
    public boolean canReserve(Predicate<AgentTemplate> fits) {
        return settings.agentTemplates().stream().anyMatch(fits) && there.size() < settings.instanceCap();
    }

    @Override
    public void release(String node) {
        released.add(node);
        there.remove(node);
    }

    @Override
    public void attach(String node, String agentTemplate, int executors) {
        attached.add(node);
        there.put(node, status(node, agentTemplate, AgentState.CONNECTING));
    }

    @Override
    public void start(AgentConnection connection, StartLog log) throws AgentStartFailed {
        if (refuses != null) {
            throw new AgentStartFailed(AgentStartFailed.Reason.VM_GONE, refuses, null);
        }
        started.add(connection.nodeName());
        log.line("started");
        if (connects) {
            dial(connection.nodeName());
        }
    }

    /** The agent in the VM connects. */
    void dial(String node) {
        ((SlaveComputer) Jenkins.get().getNode(node).toComputer()).dialAgain();
    }

    @Override
    public void connected(String node) {}

    @Override
    public void terminate(String node) {
        terminated.add(node);
        there.remove(node);
    }

    @Override
    public Optional<AgentStatus> agent(String node) {
        return Optional.ofNullable(there.get(node));
    }

    @Override
    public List<AgentStatus> agents() {
        return List.copyOf(there.values());
    }

    @Override
    public InputStream console(String node) {
        return new ByteArrayInputStream("login:".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public ConnectionReport connectionReport() {
        return new ConnectionReport(List.of(), null, null, Map.of());
    }

    @Override
    public Optional<ProvisioningTimes.Summary> times(String agentTemplate) {
        return Optional.empty();
    }

    @Override
    public List<CloudLog.Entry> log() {
        return List.of();
    }

    @Override
    public void close() {
        closed = true;
    }
}
