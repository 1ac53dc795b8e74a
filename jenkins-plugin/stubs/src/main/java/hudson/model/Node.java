package hudson.model;

import hudson.ExtensionPoint;
import hudson.model.Descriptor.FormException;
import hudson.security.AccessControlled;
import hudson.slaves.NodeProperty;
import hudson.slaves.NodePropertyDescriptor;
import hudson.util.DescribableList;
import java.io.IOException;
import net.sf.json.JSONObject;
import org.kohsuke.stapler.StaplerRequest2;

/** Signature of {@code hudson.model.Node}: the members that the plugin uses. */
public abstract class Node implements ReconfigurableDescribable<Node>, ExtensionPoint, AccessControlled {
    public void save() throws IOException {
        throw new UnsupportedOperationException();
    }

    public abstract String getNodeName();

    public abstract int getNumExecutors();

    public final Computer toComputer() {
        throw new UnsupportedOperationException();
    }

    public abstract String getLabelString();

    public abstract DescribableList<NodeProperty<?>, NodePropertyDescriptor> getNodeProperties();

    public Node reconfigure(StaplerRequest2 req, JSONObject form) throws FormException {
        throw new UnsupportedOperationException();
    }

    /** Signature of the nested type. */
    public enum Mode {
        NORMAL,
        EXCLUSIVE;
    }
}
