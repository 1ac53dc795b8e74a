package hudson.model;

/** Signature of {@code hudson.model.Describable}: the members that the plugin uses. */
public interface Describable<T extends Describable<T>> {
    default Descriptor<T> getDescriptor() {
        throw new UnsupportedOperationException();
    }
}
