package dev.godwit.jenkins;

import hudson.Extension;
import hudson.model.AsyncPeriodicWork;
import hudson.model.Node;
import hudson.model.TaskListener;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import jenkins.model.Jenkins;

/**
 * Once a minute: opens the brokers of all clouds, which renew leases and reap from then on; closes those of clouds that are
 * gone; removes nodes whose cloud is gone; makes missing spare agents.
 */
@Extension
public class Upkeep extends AsyncPeriodicWork {
    public Upkeep() {
        super("Godwit upkeep");
    }

    @Override
    public long getRecurrencePeriod() {
        return TimeUnit.MINUTES.toMillis(1);
    }

    @Override
    protected void execute(TaskListener listener) {
        List<GodwitCloud> clouds = Jenkins.get().clouds.getAll(GodwitCloud.class);
        Brokers.get().closeOrphans(clouds.stream().map(cloud -> cloud.name).collect(Collectors.toSet()));
        for (Node node : Jenkins.get().getNodes()) {
            if (node instanceof GodwitAgent agent
                    && Brokers.cloud(agent.getCloudName()).isEmpty()
                    && agent.toComputer() instanceof GodwitComputer computer
                    && computer.isIdle()) {
                listener.getLogger()
                        .println("removing " + agent.getNodeName() + ", whose cloud is not configured any more");
                agent.terminateLater();
            }
        }
        for (GodwitCloud cloud : clouds) {
            if (Brokers.find(cloud).isPresent() && !Jenkins.get().isQuietingDown()) {
                int made = SpareAgents.topUp(cloud);
                if (made > 0) {
                    listener.getLogger().println("made " + made + " spare agents in " + cloud.name);
                }
            }
        }
    }
}
