package hudson.slaves;

import dev.godwit.jenkins.sim.Simulator;
import hudson.ExtensionPoint;
import hudson.model.Computer;
import hudson.model.Label;
import hudson.model.LoadStatistics;
import hudson.model.LoadStatistics.LoadStatisticsSnapshot;
import hudson.model.Node;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import jenkins.model.Jenkins;

/** Simulated: planned nodes are added, and strategies asked, at a review and at no other time. */
public class NodeProvisioner {
    private final Label label;
    private final List<PlannedNode> pending = new ArrayList<>();
    private long lastReviewMillis = Long.MIN_VALUE / 2;
    private boolean queuedReview;

    public NodeProvisioner(Label label) {
        this.label = label;
    }

    /** At once, or a second after the last review. */
    public void suggestReviewNow() {
        if (queuedReview) {
            return;
        }
        long delay = Simulator.REVIEW_THROTTLE.toMillis() - (Simulator.current().nowMillis() - lastReviewMillis);
        if (delay < 0) {
            lastReviewMillis = Simulator.current().nowMillis();
            Computer.threadPoolForRemoting.execute(this::update);
        } else {
            queuedReview = true;
            Simulator.current().after(delay, this::update);
        }
    }

    /** A review. */
    public void update() {
        lastReviewMillis = Simulator.current().nowMillis();
        queuedReview = false;
        int planned = 0;
        for (PlannedNode each : List.copyOf(pending)) {
            if (each.future.isDone()) {
                pending.remove(each);
                add(each);
            } else {
                planned += each.numExecutors;
            }
        }
        LoadStatisticsSnapshot snapshot = LoadStatistics.now(label);
        if (snapshot.getQueueLength() <= snapshot.getAvailableExecutors()) {
            return;
        }
        StrategyState state = new StrategyState(snapshot, planned);
        for (Strategy strategy : Simulator.current().strategies) {
            if (strategy.apply(state) == StrategyDecision.PROVISIONING_COMPLETED) {
                return;
            }
        }
    }

    private static void add(PlannedNode planned) {
        try {
            Jenkins.get().addNode(planned.future.get());
        } catch (IOException | InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
        planned.spent();
    }

    /** Simulated. */
    public static class PlannedNode {
        public final String displayName;
        public final Future<Node> future;
        public final int numExecutors;

        public PlannedNode(String displayName, Future<Node> future, int numExecutors) {
            this.displayName = displayName;
            this.future = future;
            this.numExecutors = numExecutors;
        }

        public void spent() {}
    }

    /** Simulated. */
    public abstract static class Strategy implements ExtensionPoint {
        public abstract StrategyDecision apply(StrategyState state);
    }

    /** As in core. */
    public enum StrategyDecision {
        CONSULT_REMAINING_STRATEGIES,
        PROVISIONING_COMPLETED
    }

    /** Simulated. */
    public final class StrategyState {
        private final LoadStatisticsSnapshot snapshot;
        private final int planned;
        private int additional;

        StrategyState(LoadStatisticsSnapshot snapshot, int planned) {
            this.snapshot = snapshot;
            this.planned = planned;
        }

        public Label getLabel() {
            return label;
        }

        public LoadStatisticsSnapshot getSnapshot() {
            return snapshot;
        }

        public int getPlannedCapacitySnapshot() {
            return planned;
        }

        public int getAdditionalPlannedCapacity() {
            return additional;
        }

        public void recordPendingLaunches(PlannedNode... plannedNodes) {
            recordPendingLaunches(List.of(plannedNodes));
        }

        public void recordPendingLaunches(Collection<PlannedNode> plannedNodes) {
            pending.addAll(plannedNodes);
            plannedNodes.forEach(each -> additional += each.numExecutors);
        }
    }
}
