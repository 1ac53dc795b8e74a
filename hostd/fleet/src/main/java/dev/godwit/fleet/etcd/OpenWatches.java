package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetStoreUnavailable;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The watches of a store that nobody has closed yet. */
final class OpenWatches implements AutoCloseable {
    private final Set<EtcdWatch<?>> open = ConcurrentHashMap.newKeySet();

    <T> EtcdWatch<T> start(EtcdWatch<T> watch) throws FleetStoreUnavailable {
        watch.start();
        open.add(watch);
        return watch;
    }

    void closed(EtcdWatch<?> watch) {
        open.remove(watch);
    }

    @Override
    public void close() {
        List.copyOf(open).forEach(EtcdWatch::close);
    }
}
