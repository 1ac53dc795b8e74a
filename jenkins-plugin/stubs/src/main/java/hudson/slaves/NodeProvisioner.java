package hudson.slaves;

import hudson.ExtensionPoint;
import hudson.model.Label;
import hudson.model.LoadStatistics;
import hudson.model.Node;
import java.util.Collection;
import java.util.concurrent.Future;

/** Signature of {@code hudson.slaves.NodeProvisioner}: the members that the plugin uses. */
public class NodeProvisioner {
    /** Signature of the nested type. */
    public static class PlannedNode {
        public final String displayName;

        public final Future<Node> future;

        public final int numExecutors;

        public PlannedNode(String displayName, Future<Node> future, int numExecutors) {
            throw new UnsupportedOperationException();
        }

        public void spent() {
            throw new UnsupportedOperationException();
        }
    }

    public void suggestReviewNow() {
        throw new UnsupportedOperationException();
    }

    /** Signature of the nested type. */
    public enum StrategyDecision {
        CONSULT_REMAINING_STRATEGIES,
        PROVISIONING_COMPLETED;
    }
    /** Signature of the nested type. */
    public abstract static class Strategy implements ExtensionPoint {
        public abstract StrategyDecision apply(StrategyState state);
    }
    /** Signature of the nested type. */
    public final class StrategyState {
        public Label getLabel() {
            throw new UnsupportedOperationException();
        }

        public LoadStatistics.LoadStatisticsSnapshot getSnapshot() {
            throw new UnsupportedOperationException();
        }

        public int getPlannedCapacitySnapshot() {
            throw new UnsupportedOperationException();
        }

        public int getAdditionalPlannedCapacity() {
            throw new UnsupportedOperationException();
        }

        public void recordPendingLaunches(PlannedNode... plannedNodes) {
            throw new UnsupportedOperationException();
        }

        public void recordPendingLaunches(Collection<PlannedNode> plannedNodes) {
            throw new UnsupportedOperationException();
        }
    }
}
