package hudson.model;

/** Signature of {@code hudson.model.AbstractDescribableImpl}: the members that the plugin uses. */
public abstract class AbstractDescribableImpl<T extends AbstractDescribableImpl<T>> implements Describable<T> {}
