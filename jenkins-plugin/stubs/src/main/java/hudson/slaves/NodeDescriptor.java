package hudson.slaves;

import hudson.model.Descriptor;
import hudson.model.Node;

/** Signature of {@code hudson.slaves.NodeDescriptor}: the members that the plugin uses. */
public abstract class NodeDescriptor extends Descriptor<Node> {
    protected NodeDescriptor() {
        throw new UnsupportedOperationException();
    }

    public boolean isInstantiable() {
        throw new UnsupportedOperationException();
    }
}
