package dev.godwit.jenkins;

import hudson.Extension;
import hudson.model.Label;
import hudson.model.LoadStatistics.LoadStatisticsSnapshot;
import hudson.slaves.Cloud;
import hudson.slaves.CloudProvisioningListener;
import hudson.slaves.NodeProvisioner.PlannedNode;
import hudson.slaves.NodeProvisioner.Strategy;
import hudson.slaves.NodeProvisioner.StrategyDecision;
import hudson.slaves.NodeProvisioner.StrategyState;
import java.util.ArrayList;
import java.util.List;
import jenkins.model.Jenkins;
import org.jspecify.annotations.Nullable;

/**
 * Makes a node for each build that waits, at once: no moving averages, and the node is added in the same review. The stock way
 * adds a planned node at the next review, up to 10 s later.
 */
@Extension(ordinal = 100)
public class NoDelayStrategy extends Strategy {
    @Override
    public StrategyDecision apply(StrategyState state) {
        Jenkins jenkins = Jenkins.get();
        if (jenkins.isQuietingDown()) {
            return StrategyDecision.CONSULT_REMAINING_STRATEGIES;
        }
        Label label = state.getLabel();
        LoadStatisticsSnapshot snapshot = state.getSnapshot();
        int there = snapshot.getAvailableExecutors()
                + Math.max(0, snapshot.getConnectingExecutors() - LostNodes.executors(label))
                + state.getPlannedCapacitySnapshot()
                + state.getAdditionalPlannedCapacity();
        int missing = snapshot.getQueueLength() - there;
        for (GodwitCloud cloud : jenkins.clouds.getAll(GodwitCloud.class)) {
            if (missing <= 0) {
                break;
            }
            Cloud.CloudState cloudState = new Cloud.CloudState(label, state.getAdditionalPlannedCapacity());
            if (cloud.canProvision(cloudState) && !vetoed(cloud, cloudState, missing)) {
                missing -= provision(cloud, label, missing);
            }
        }
        return missing <= 0 ? StrategyDecision.PROVISIONING_COMPLETED : StrategyDecision.CONSULT_REMAINING_STRATEGIES;
    }

    private static boolean vetoed(GodwitCloud cloud, Cloud.CloudState state, int executors) {
        return CloudProvisioningListener.all().stream()
                .anyMatch(each -> each.canProvision(cloud, state, executors) != null);
    }

    /** How many executors the new nodes have. */
    private static int provision(GodwitCloud cloud, @Nullable Label label, int executors) {
        List<GodwitAgent> agents = cloud.newAgents(label, executors);
        List<PlannedNode> planned = new ArrayList<>();
        agents.forEach(each -> planned.add(GodwitCloud.planned(each)));
        CloudProvisioningListener.all().forEach(each -> each.onStarted(cloud, label, planned));
        int added = 0;
        for (int i = 0; i < agents.size(); i++) {
            added += add(agents.get(i), planned.get(i));
        }
        return added;
    }

    private static int add(GodwitAgent agent, PlannedNode planned) {
        CloudProvisioningListener.all().forEach(each -> each.onComplete(planned, agent));
        if (!Nodes.add(agent)) {
            CloudProvisioningListener.all()
                    .forEach(each ->
                            each.onRollback(planned, agent, new IllegalStateException("the node could not be saved")));
            return 0;
        }
        CloudProvisioningListener.all().forEach(each -> each.onCommit(planned, agent));
        return planned.numExecutors;
    }
}
