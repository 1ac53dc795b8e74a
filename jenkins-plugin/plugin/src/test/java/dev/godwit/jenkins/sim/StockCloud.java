package dev.godwit.jenkins.sim;

import hudson.model.Computer;
import hudson.model.Descriptor.FormException;
import hudson.model.Label;
import hudson.model.LoadStatistics.LoadStatisticsSnapshot;
import hudson.model.Node;
import hudson.model.TaskListener;
import hudson.slaves.AbstractCloudComputer;
import hudson.slaves.AbstractCloudSlave;
import hudson.slaves.Cloud;
import hudson.slaves.JNLPLauncher;
import hudson.slaves.NodeProvisioner.PlannedNode;
import hudson.slaves.NodeProvisioner.Strategy;
import hudson.slaves.NodeProvisioner.StrategyDecision;
import hudson.slaves.NodeProvisioner.StrategyState;
import hudson.slaves.RetentionStrategy;
import hudson.slaves.SlaveComputer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import jenkins.model.Jenkins;

/** A cloud made of what Jenkins offers: the stock strategy, a planned node, the one-shot strategy. Its agents connect at once. */
public final class StockCloud extends Cloud {
    private int number;

    public StockCloud() {
        super("stock");
    }

    @Override
    public boolean canProvision(CloudState state) {
        return true;
    }

    @Override
    public Collection<PlannedNode> provision(CloudState state, int excessWorkload) {
        try {
            Label label = state.getLabel();
            Node node = new StockAgent("stock-" + ++number, label.getName());
            return List.of(new PlannedNode(node.getNodeName(), CompletableFuture.completedFuture(node), 1));
        } catch (FormException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Asks for what is missing and lets Jenkins add it at its next review. */
    public static final class StockStrategy extends Strategy {
        /** When it asked a cloud. */
        public final List<Long> provisionedMillis = new ArrayList<>();

        @Override
        public StrategyDecision apply(StrategyState state) {
            LoadStatisticsSnapshot now = state.getSnapshot();
            int missing = now.getQueueLength()
                    - now.getAvailableExecutors()
                    - now.getConnectingExecutors()
                    - state.getPlannedCapacitySnapshot();
            for (Cloud cloud : Jenkins.get().clouds) {
                if (missing > 0) {
                    provisionedMillis.add(Simulator.current().nowMillis());
                    state.recordPendingLaunches(cloud.provision(new Cloud.CloudState(state.getLabel(), 0), missing));
                }
            }
            return StrategyDecision.PROVISIONING_COMPLETED;
        }
    }

    private static final class StockAgent extends AbstractCloudSlave {
        private static final long serialVersionUID = 1L;

        StockAgent(String name, String label) throws FormException, IOException {
            super(name, "/agent", new StockLauncher());
            setLabelString(label);
            setRetentionStrategy(new OnceRetention());
        }

        @Override
        public AbstractCloudComputer<StockAgent> createComputer() {
            return new AbstractCloudComputer<>(this);
        }

        @Override
        protected void _terminate(TaskListener listener) {}
    }

    private static final class StockLauncher extends JNLPLauncher {
        @Override
        public void launch(SlaveComputer computer, TaskListener listener) {
            computer.dialAgain();
        }
    }

    /** Launches an offline node again each minute; removes one that is idle for longer than a minute. */
    private static final class OnceRetention extends RetentionStrategy<Computer> {
        @Override
        public long check(Computer computer) {
            if (computer.isOffline()) {
                computer.connect(false);
            } else if (computer.isIdle()
                    && Simulator.current().nowMillis() - computer.getIdleStartMilliseconds() > 60_000) {
                try {
                    ((AbstractCloudSlave) computer.getNode()).terminate();
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return 1;
        }
    }
}
