package hudson.slaves;

import hudson.model.Node;
import hudson.tools.PropertyDescriptor;

/** Signature of {@code hudson.slaves.NodePropertyDescriptor}: the members that the plugin uses. */
public abstract class NodePropertyDescriptor extends PropertyDescriptor<NodeProperty<?>, Node> {}
