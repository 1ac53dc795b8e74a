package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentConnection;
import dev.godwit.jenkins.broker.AgentStartFailed;
import dev.godwit.jenkins.broker.AgentStatus;
import hudson.model.TaskListener;
import hudson.slaves.JNLPLauncher;
import hudson.slaves.SlaveComputer;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import jenkins.model.Jenkins;

/**
 * Starts a node's VM and the agent in it, which connects by itself by WebSocket. May be called again for a VM that runs: then
 * it only waits for the agent.
 */
public class GodwitLauncher extends JNLPLauncher {
    @SuppressWarnings("this-escape")
    GodwitLauncher() {
        super();
        setWebSocket(true);
    }

    @Override
    public boolean isLaunchSupported() {
        return true;
    }

    @Override
    public void launch(SlaveComputer slaveComputer, TaskListener listener) {
        if (!(slaveComputer instanceof GodwitComputer computer)) {
            return;
        }
        GodwitAgent agent = computer.getNode();
        if (agent == null) {
            return; // removed meanwhile
        }
        try {
            start(computer, agent, listener);
        } catch (IOException e) {
            fail(agent, listener, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            agent.terminateLater();
        }
    }

    private static void start(GodwitComputer computer, GodwitAgent agent, TaskListener listener)
            throws IOException, InterruptedException {
        String node = agent.getNodeName();
        GodwitCloud cloud = Brokers.cloud(agent.getCloudName())
                .orElseThrow(
                        () -> new IOException("the cloud " + agent.getCloudName() + " is not configured any more"));
        CloudAgents agents = Brokers.find(cloud).orElseThrow(() -> new IOException(Brokers.problem(cloud)));
        if (agents.agent(node).isEmpty()) {
            agents.attach(node, agent.getAgentTemplateName(), agent.getNumExecutors());
        }
        URI url = CloudFields.controllerUrl(
                cloud.getControllerUrl(), Jenkins.get().getRootUrl());
        AgentConnection connection;
        try {
            connection = new AgentConnection(url, node, computer.getJnlpMac(), true);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        agents.start(connection, line -> listener.getLogger().println("Godwit: " + line));
        GodwitMetrics.count(GodwitMetrics.VMS_LAUNCHED);
        agents.agent(node).map(AgentStatus::host).ifPresent(agent::movedTo);
        Duration patience = cloud.agentTemplate(agent.getAgentTemplateName())
                .map(each -> Duration.ofMinutes(each.getStartTimeoutMinutes()))
                .orElse(Duration.ofMinutes(GodwitAgentTemplate.START_TIMEOUT_MINUTES));
        if (!computer.awaitConnection(patience)) {
            String why = agents.agent(node)
                    .flatMap(status -> Optional.ofNullable(status.cause()))
                    .orElse("it did not connect to " + url + " within " + patience.toMinutes()
                            + " minutes of its start; can the VM reach that address?");
            GodwitMetrics.count(GodwitMetrics.LAUNCH_FAILED_TIMEOUT);
            throw new IOException("the agent of " + node + " is not connected: " + why);
        }
    }

    private static void fail(GodwitAgent agent, TaskListener listener, IOException e) {
        listener.getLogger().println("Godwit: " + e.getMessage());
        GodwitMetrics.count(
                e instanceof AgentStartFailed failed && failed.reason() == AgentStartFailed.Reason.REFUSED
                        ? GodwitMetrics.CREATION_FAILED
                        : GodwitMetrics.LAUNCH_FAILED);
        CloudEvents.startFailed(agent, String.valueOf(e.getMessage()));
    }
}
