package hudson.slaves;

import hudson.ExtensionPoint;
import hudson.model.Actionable;
import hudson.model.Describable;
import hudson.model.Label;
import hudson.security.AccessControlled;
import hudson.security.Permission;
import java.util.Collection;

/** Simulated. */
public abstract class Cloud extends Actionable implements ExtensionPoint, Describable<Cloud>, AccessControlled {
    public String name;

    protected Cloud(String name) {
        this.name = name;
    }

    public Collection<NodeProvisioner.PlannedNode> provision(CloudState state, int excessWorkload) {
        throw new UnsupportedOperationException();
    }

    public boolean canProvision(CloudState state) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void checkPermission(Permission permission) {}

    @Override
    public boolean hasPermission(Permission permission) {
        return true;
    }

    /** Simulated. */
    public static final class CloudState {
        private final Label label;
        private final int additional;

        public CloudState(Label label, int additionalPlannedCapacity) {
            this.label = label;
            this.additional = additionalPlannedCapacity;
        }

        public Label getLabel() {
            return label;
        }

        public int getAdditionalPlannedCapacity() {
            return additional;
        }
    }
}
