package hudson;

import dev.godwit.jenkins.sim.Simulator;
import java.util.AbstractList;
import java.util.List;

/** Simulated: what the simulator was told of. */
public class ExtensionList<T> extends AbstractList<T> {
    private final List<T> all;

    private ExtensionList(List<T> all) {
        this.all = all;
    }

    public static <T> ExtensionList<T> lookup(Class<T> type) {
        return new ExtensionList<>(Simulator.current().extensions(type));
    }

    public static <U> U lookupSingleton(Class<U> type) {
        return Simulator.current().extensions(type).get(0);
    }

    @Override
    public T get(int index) {
        return all.get(index);
    }

    @Override
    public int size() {
        return all.size();
    }
}
