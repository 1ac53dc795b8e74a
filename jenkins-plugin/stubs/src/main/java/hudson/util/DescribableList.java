package hudson.util;

import hudson.model.Describable;
import hudson.model.Descriptor;

/** Signature of {@code hudson.util.DescribableList}: the members that the plugin uses. */
public class DescribableList<T extends Describable<T>, D extends Descriptor<T>> extends PersistedList<T> {}
