package hudson.util;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.List;

/** Signature of {@code hudson.util.PersistedList}: the members that the plugin uses. */
public class PersistedList<T> extends AbstractList<T> {
    public T get(int index) {
        throw new UnsupportedOperationException();
    }

    public <U extends T> U get(Class<U> type) {
        throw new UnsupportedOperationException();
    }

    public <U extends T> List<U> getAll(Class<U> type) {
        throw new UnsupportedOperationException();
    }

    public int size() {
        throw new UnsupportedOperationException();
    }

    public Iterator<T> iterator() {
        throw new UnsupportedOperationException();
    }

    public List<T> toList() {
        throw new UnsupportedOperationException();
    }
}
