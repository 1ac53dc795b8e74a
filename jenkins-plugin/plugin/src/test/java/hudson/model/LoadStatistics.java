package hudson.model;

import java.util.List;
import jenkins.model.Jenkins;

/** Simulated: what a label has now; no moving averages. */
public abstract class LoadStatistics {
    /** Simulated. */
    public static class LoadStatisticsSnapshot {
        private int available;
        private int connecting;
        private int queue;

        public int getAvailableExecutors() {
            return available;
        }

        public int getConnectingExecutors() {
            return connecting;
        }

        public int getQueueLength() {
            return queue;
        }
    }

    /** Counts nodes and builds that the label matches. */
    public static LoadStatisticsSnapshot now(Label label) {
        LoadStatisticsSnapshot snapshot = new LoadStatisticsSnapshot();
        for (Node node : List.copyOf(Jenkins.get().getNodes())) {
            Computer computer = node.toComputer();
            if (label == null || !label.matches(Label.parse(node.getLabelString()))) {
                continue;
            }
            if (computer.isOnline()) {
                snapshot.available +=
                        computer.isAcceptingTasks() ? computer.getNumExecutors() - computer.countBusy() : 0;
            } else {
                // Connecting or dead: it counts all the same, see Simulator.
                snapshot.connecting += computer.getNumExecutors();
            }
        }
        for (Queue.BuildableItem item : Queue.getInstance().getBuildableItems()) {
            snapshot.queue += item.getAssignedLabel() == label ? 1 : 0;
        }
        return snapshot;
    }
}
