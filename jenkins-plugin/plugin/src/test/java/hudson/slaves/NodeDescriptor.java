package hudson.slaves;

import hudson.model.Descriptor;
import hudson.model.Node;

/** Simulated. */
public abstract class NodeDescriptor extends Descriptor<Node> {
    protected NodeDescriptor() {}

    public boolean isInstantiable() {
        return true;
    }
}
