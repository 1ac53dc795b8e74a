package hudson;

import hudson.model.Describable;
import hudson.model.Descriptor;

/** Signature of {@code hudson.DescriptorExtensionList}: the members that the plugin uses. */
public class DescriptorExtensionList<T extends Describable<T>, D extends Descriptor<T>> extends ExtensionList<D> {}
