package hudson.slaves;

import hudson.DescriptorExtensionList;
import hudson.ExtensionPoint;
import hudson.model.Node;
import hudson.model.ReconfigurableDescribable;

/** Signature of {@code hudson.slaves.NodeProperty}: the members that the plugin uses. */
public abstract class NodeProperty<N extends Node>
        implements ReconfigurableDescribable<NodeProperty<?>>, ExtensionPoint {
    public static DescriptorExtensionList<NodeProperty<?>, NodePropertyDescriptor> all() {
        throw new UnsupportedOperationException();
    }
}
