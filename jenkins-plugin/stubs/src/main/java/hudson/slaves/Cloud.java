package hudson.slaves;

import hudson.DescriptorExtensionList;
import hudson.ExtensionPoint;
import hudson.model.Actionable;
import hudson.model.Describable;
import hudson.model.Descriptor;
import hudson.model.Label;
import hudson.security.AccessControlled;
import hudson.security.Permission;
import hudson.slaves.NodeProvisioner.PlannedNode;
import java.util.Collection;

/** Signature of {@code hudson.slaves.Cloud}: the members that the plugin uses. */
public abstract class Cloud extends Actionable implements ExtensionPoint, Describable<Cloud>, AccessControlled {
    public String name;

    protected Cloud(String name) {
        throw new UnsupportedOperationException();
    }

    public String getDisplayName() {
        throw new UnsupportedOperationException();
    }

    public String getUrl() {
        throw new UnsupportedOperationException();
    }

    public Collection<PlannedNode> provision(CloudState state, int excessWorkload) {
        throw new UnsupportedOperationException();
    }

    public boolean canProvision(CloudState state) {
        throw new UnsupportedOperationException();
    }

    public Descriptor<Cloud> getDescriptor() {
        throw new UnsupportedOperationException();
    }

    public static DescriptorExtensionList<Cloud, Descriptor<Cloud>> all() {
        throw new UnsupportedOperationException();
    }

    public static final Permission PROVISION = null;

    /** Signature of the nested type. */
    public static final class CloudState {
        public CloudState(Label label, int additionalPlannedCapacity) {
            throw new UnsupportedOperationException();
        }

        public Label getLabel() {
            throw new UnsupportedOperationException();
        }

        public int getAdditionalPlannedCapacity() {
            throw new UnsupportedOperationException();
        }
    }
}
