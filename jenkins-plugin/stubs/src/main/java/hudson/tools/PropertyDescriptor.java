package hudson.tools;

import hudson.model.Describable;
import hudson.model.Descriptor;
import java.util.List;

/** Signature of {@code hudson.tools.PropertyDescriptor}: the members that the plugin uses. */
public abstract class PropertyDescriptor<P extends Describable<P>, T> extends Descriptor<P> {
    public static <D extends PropertyDescriptor<?, T>, T> List<D> for_(List<D> all, Class<? extends T> target) {
        throw new UnsupportedOperationException();
    }
}
