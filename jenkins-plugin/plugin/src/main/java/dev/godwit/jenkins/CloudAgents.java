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

/** What the adapters want of a cloud's {@link Broker}; each method is the broker's of the same name. Thread-safe. */
interface CloudAgents extends AutoCloseable {
    void reconfigure(BrokerSettings settings);

    List<Reservation> reserve(Predicate<AgentTemplate> fits, int executorsWanted);

    boolean canReserve(Predicate<AgentTemplate> fits);

    void release(String node);

    void attach(String node, String agentTemplate, int executors);

    void start(AgentConnection connection, StartLog log) throws AgentStartFailed, InterruptedException;

    void connected(String node);

    void terminate(String node);

    Optional<AgentStatus> agent(String node);

    List<AgentStatus> agents();

    InputStream console(String node) throws IOException;

    ConnectionReport connectionReport();

    Optional<ProvisioningTimes.Summary> times(String agentTemplate);

    List<CloudLog.Entry> log();

    @Override
    void close();
}
