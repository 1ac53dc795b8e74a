package hudson;

import java.util.AbstractList;

/** Signature of {@code hudson.ExtensionList}: the members that the plugin uses. */
public class ExtensionList<T> extends AbstractList<T> {
    public <U extends T> U get(Class<U> type) {
        throw new UnsupportedOperationException();
    }

    public T get(int index) {
        throw new UnsupportedOperationException();
    }

    public int size() {
        throw new UnsupportedOperationException();
    }

    public static <T> ExtensionList<T> lookup(Class<T> type) {
        throw new UnsupportedOperationException();
    }

    public static <U> U lookupSingleton(Class<U> type) {
        throw new UnsupportedOperationException();
    }
}
