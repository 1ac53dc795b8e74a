package dev.godwit.jenkins;

import hudson.Extension;
import hudson.model.Computer;
import hudson.model.Descriptor.FormException;
import hudson.model.Label;
import hudson.model.Node;
import hudson.model.Slave;
import hudson.model.TaskListener;
import hudson.slaves.AbstractCloudComputer;
import hudson.slaves.AbstractCloudSlave;
import java.io.IOException;
import java.lang.System.Logger;
import java.util.Optional;
import jenkins.model.Jenkins;
import net.sf.json.JSONObject;
import org.jspecify.annotations.Nullable;
import org.kohsuke.stapler.StaplerRequest2;

/**
 * A node whose agent runs in a VM. Its name is the VM's name and key, so that after a restart of the controller the same node
 * finds the same VM; therefore it is saved.
 */
public class GodwitAgent extends AbstractCloudSlave {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = System.getLogger(GodwitAgent.class.getName());

    private final String cloudName;
    private final String agentTemplateName;
    private final Node.Mode usage;
    private volatile @Nullable String host;

    GodwitAgent(String cloudName, GodwitAgentTemplate template, String name) throws FormException, IOException {
        super(name, template.getRemoteFs(), new GodwitLauncher());
        this.cloudName = cloudName;
        this.agentTemplateName = template.getName();
        this.usage = template.getMode();
        setNumExecutors(template.getExecutors());
        setMode(template.getMode());
        setLabelString(template.getLabels());
        setNodeDescription("VM of " + cloudName + ", agent template " + template.getName());
        setNodeProperties(template.getNodeProperties());
        setRetentionStrategy(new GodwitRetention(template.getIdleMinutes(), template.isOneShot()));
    }

    public String getCloudName() {
        return cloudName;
    }

    public String getAgentTemplateName() {
        return agentTemplateName;
    }

    /** The host its VM runs on; null before it does. */
    public @Nullable String getHost() {
        return host;
    }

    /** Notes and saves where the VM runs. */
    void movedTo(String newHost) {
        host = newHost;
        try {
            Jenkins.get().updateNode(this);
        } catch (IOException e) {
            LOG.log(Logger.Level.WARNING, "could not save that " + getNodeName() + " runs on " + newHost, e);
        }
    }

    /** The agents of its cloud; empty when the cloud is no longer configured. */
    Optional<CloudAgents> agents() {
        return Brokers.find(cloudName);
    }

    boolean serves(@Nullable Label label) {
        return label == null ? usage == Node.Mode.NORMAL : label.matches(Label.parse(getLabelString()));
    }

    boolean countsAsConnecting() {
        return toComputer() instanceof GodwitComputer computer && computer.isConnecting();
    }

    @Override
    public AbstractCloudComputer<GodwitAgent> createComputer() {
        return new GodwitComputer(this);
    }

    @Override
    protected void _terminate(TaskListener listener) {
        Optional<CloudAgents> agents = agents();
        if (agents.isEmpty()) {
            listener.getLogger()
                    .println("Godwit: the cloud " + cloudName
                            + " is not configured any more; hostd ends the VM when its lease runs out.");
            return;
        }
        agents.get().terminate(getNodeName());
        GodwitMetrics.count(GodwitMetrics.VMS_TERMINATED);
    }

    /** Removes the node and its VM, on a thread of its own: the caller may hold the queue's lock. */
    void terminateLater() {
        var unused = Computer.threadPoolForRemoting.submit(() -> {
            try {
                terminate();
            } catch (IOException e) {
                LOG.log(Logger.Level.WARNING, "could not remove the node " + getNodeName(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** A node of a cloud is not configured by hand. */
    @Override
    public Node reconfigure(StaplerRequest2 request, JSONObject form) {
        return this;
    }

    /** The kind of node; not one that users add. */
    @Extension
    public static class DescriptorImpl extends Slave.SlaveDescriptor {
        @Override
        public String getDisplayName() {
            return "Godwit agent";
        }

        @Override
        public boolean isInstantiable() {
            return false;
        }
    }
}
