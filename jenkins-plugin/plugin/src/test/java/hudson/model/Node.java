package hudson.model;

import hudson.ExtensionPoint;
import hudson.model.Descriptor.FormException;
import hudson.security.AccessControlled;
import hudson.security.Permission;
import hudson.slaves.NodeProperty;
import hudson.slaves.NodePropertyDescriptor;
import hudson.util.DescribableList;
import jenkins.model.Jenkins;
import net.sf.json.JSONObject;
import org.kohsuke.stapler.StaplerRequest2;

/** Simulated. */
public abstract class Node implements ReconfigurableDescribable<Node>, ExtensionPoint, AccessControlled {
    public abstract String getNodeName();

    public abstract int getNumExecutors();

    public abstract String getLabelString();

    public abstract DescribableList<NodeProperty<?>, NodePropertyDescriptor> getNodeProperties();

    protected abstract Computer createComputer();

    public final Computer toComputer() {
        return Jenkins.get().computer(this);
    }

    public Node reconfigure(StaplerRequest2 request, JSONObject form) throws FormException {
        throw new UnsupportedOperationException();
    }

    /** The simulator's way to {@link #createComputer}. */
    public Computer newComputer() {
        return createComputer();
    }

    @Override
    public void checkPermission(Permission permission) {}

    @Override
    public boolean hasPermission(Permission permission) {
        return true;
    }

    /** As in core. */
    public enum Mode {
        NORMAL,
        EXCLUSIVE
    }
}
