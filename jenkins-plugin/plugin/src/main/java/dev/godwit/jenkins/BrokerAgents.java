package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentConnection;
import dev.godwit.jenkins.broker.AgentStartFailed;
import dev.godwit.jenkins.broker.AgentStatus;
import dev.godwit.jenkins.broker.AgentTemplate;
import dev.godwit.jenkins.broker.Broker;
import dev.godwit.jenkins.broker.BrokerSettings;
import dev.godwit.jenkins.broker.CloudLog;
import dev.godwit.jenkins.broker.ConnectionReport;
import dev.godwit.jenkins.broker.ProvisioningTimes;
import dev.godwit.jenkins.broker.Reservation;
import dev.godwit.jenkins.broker.StartLog;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The agents of a real broker. */
record BrokerAgents(Broker broker) implements CloudAgents {
    @Override
    public void reconfigure(BrokerSettings settings) {
        broker.reconfigure(settings);
    }

    @Override
    public List<Reservation> reserve(Predicate<AgentTemplate> fits, int executorsWanted) {
        return broker.reserve(fits, executorsWanted);
    }

    @Override
    public boolean canReserve(Predicate<AgentTemplate> fits) {
        return broker.canReserve(fits);
    }

    @Override
    public void release(String node) {
        broker.release(node);
    }

    @Override
    public void attach(String node, String agentTemplate, int executors) {
        broker.attach(node, agentTemplate, executors);
    }

    @Override
    public void start(AgentConnection connection, StartLog log) throws AgentStartFailed, InterruptedException {
        broker.start(connection, log);
    }

    @Override
    public void connected(String node) {
        broker.connected(node);
    }

    @Override
    public void terminate(String node) {
        broker.terminate(node);
    }

    @Override
    public Optional<AgentStatus> agent(String node) {
        return broker.agent(node);
    }

    @Override
    public List<AgentStatus> agents() {
        return broker.agents();
    }

    @Override
    public InputStream console(String node) throws IOException {
        return broker.console(node);
    }

    @Override
    public ConnectionReport connectionReport() {
        return broker.connectionReport();
    }

    @Override
    public Optional<ProvisioningTimes.Summary> times(String agentTemplate) {
        return broker.times().summary(agentTemplate);
    }

    @Override
    public List<CloudLog.Entry> log() {
        return broker.log().entries();
    }

    @Override
    public void close() {
        broker.close();
    }
}
