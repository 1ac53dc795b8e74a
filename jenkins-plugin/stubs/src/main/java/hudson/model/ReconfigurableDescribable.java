package hudson.model;

/** Signature of {@code hudson.model.ReconfigurableDescribable}: the members that the plugin uses. */
public interface ReconfigurableDescribable<T extends ReconfigurableDescribable<T>> extends Describable<T> {}
