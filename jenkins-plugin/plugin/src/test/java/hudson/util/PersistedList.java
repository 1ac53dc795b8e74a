package hudson.util;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;

/** Simulated. */
public class PersistedList<T> extends AbstractList<T> {
    private final List<T> data = new ArrayList<>();

    @Override
    public boolean add(T element) {
        return data.add(element);
    }

    @Override
    public T get(int index) {
        return data.get(index);
    }

    @Override
    public int size() {
        return data.size();
    }

    @Override
    public T remove(int index) {
        return data.remove(index);
    }

    public <U extends T> List<U> getAll(Class<U> type) {
        return data.stream().filter(type::isInstance).map(type::cast).toList();
    }
}
