package dev.godwit.lab;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Hosts that share nothing but a link, with a fleet store and a metadata server each, on this machine. The process must
 * be in a network namespace of its own: that namespace is {@code lab}, with the outside client in it. Two labs can run
 * at once. For one thread.
 */
public final class Lab implements AutoCloseable {
    private static final int FIRST_METADATA_PORT = 8100;

    private final DistFiles dist;
    private final @Nullable Path cache;
    private final LabDirectory directory;
    private final LabNetwork network;
    private final HostNamespaces holder;
    private final LabFleet fleet;
    private final EtcdNode fleetStore;
    private final List<LabHost> hosts = new ArrayList<>();
    private boolean kept;

    private Lab(
            DistFiles dist,
            @Nullable Path cache,
            LabDirectory directory,
            LabNetwork network,
            HostNamespaces holder,
            LabFleet fleet,
            EtcdNode fleetStore) {
        this.dist = dist;
        this.cache = cache;
        this.directory = directory;
        this.network = network;
        this.holder = holder;
        this.fleet = fleet;
        this.fleetStore = fleetStore;
    }

    /**
     * Removes what dead labs left, makes the network and starts the fleet store.
     *
     * @param parent folder in which the lab makes its own, e.g. {@code /var/tmp}
     * @param cache folder of caches that hosts must not share; null where there is none
     */
    public static Lab open(DistFiles dist, Path parent, @Nullable Path cache) {
        return open(dist, parent, cache, directory -> SharedSegments.open());
    }

    /** The same, with every host in networks of its own that only routers join. */
    public static Lab openRouted(DistFiles dist, Path parent, @Nullable Path cache) {
        return open(dist, parent, cache, directory -> RoutedSites.open(dist, directory));
    }

    private static Lab open(
            DistFiles dist, Path parent, @Nullable Path cache, Function<LabDirectory, LabNetwork> layOut) {
        LabDirectory.removeStale(parent);
        LabDirectory directory = LabDirectory.make(parent);
        Deque<Runnable> undo = new ArrayDeque<>(List.of(directory::remove));
        try {
            HostNamespaces holder = HostNamespaces.openLabHolder(dist);
            undo.push(holder::close);
            directory.record(holder);
            LabNetwork network = layOut.apply(directory);
            undo.push(network::close);
            LabFleet fleet = LabFleet.make(directory.path().resolve("fleet"));
            EtcdNode fleetStore = EtcdNode.start(holder, directory.path().resolve("etcd"), network.lab(), fleet);
            return new Lab(dist, cache, directory, network, holder, fleet, fleetStore);
        } catch (LabException e) {
            undo.forEach(Runnable::run);
            throw e;
        }
    }

    /**
     * Makes a host and starts hostd on it.
     *
     * @param id its name in the fleet
     * @param number its place in the address plan; free again when its former holder is destroyed
     * @param buildsImages whether it sees the folder of caches
     */
    public LabHost startHost(String id, int number, boolean buildsImages) {
        LabHost host = makeHost(id, number, buildsImages);
        host.startHostd(dist, fleetStore.clientUrl());
        return host;
    }

    /**
     * Makes a host whose hostd is watched by its JVM, which leaves an AOT cache in the host's directory when it is stopped.
     *
     * @param cache the file's name
     */
    LabHost startTrainedHost(String id, int number, String cache) {
        LabHost host = makeHost(id, number, false);
        host.trainHostd(cache);
        host.startHostd(dist, fleetStore.clientUrl());
        return host;
    }

    /** Makes an edge: a host with a public side, that runs no VM. */
    public LabHost startEdge(String id, int number) {
        LabHost edge = makeHost(id, number, false);
        network.attachPublic(edge.machine(), edge.address());
        edge.startHostd(dist, fleetStore.clientUrl());
        return edge;
    }

    /** Makes a host without hostd. */
    public LabHost makeHost(String id, int number, boolean buildsImages) {
        Path own = directory.make(id);
        HostNamespaces machine = HostNamespaces.open(dist, id, LabHost.mounts(own, dist, buildsImages ? null : cache));
        directory.record(machine);
        HostAddress address = network.address(number);
        network.attach(machine, address);
        MetadataServer metadata = MetadataServer.start(
                new InetSocketAddress(network.lab(), FIRST_METADATA_PORT + hosts.size()),
                "i-" + id,
                InstantSource.system());
        LabHost host = new LabHost(machine, address, metadata, network, own, environment(buildsImages), fleet);
        hosts.add(host);
        return host;
    }

    private Map<String, String> environment(boolean buildsImages) {
        Map<String, String> environment = new HashMap<>(Map.of("JAVA_HOME", System.getProperty("java.home")));
        if (buildsImages && cache != null) {
            environment.put("GODWIT_CACHE", cache.toString());
        }
        return environment;
    }

    public LabNetwork network() {
        return network;
    }

    /** Its certificates. */
    public LabFleet fleet() {
        return fleet;
    }

    public EtcdNode fleetStore() {
        return fleetStore;
    }

    /** The lab's folder: logs of etcd and of every host. */
    public Path directory() {
        return directory.path();
    }

    /**
     * Lets the machines outlive this process.
     *
     * @return lines that say how to enter and how to remove them
     */
    public List<String> keep() {
        kept = true;
        directory.markKept();
        List<String> lines = new ArrayList<>();
        List<String> pids = new ArrayList<>();
        holder.keep();
        lines.add("enter lab:    nsenter --target " + holder.initPid() + " --net env GODWIT_TLS_DIR="
                + fleet.operatorDirectory() + " bash");
        pids.add(Long.toString(holder.initPid()));
        network.keep().forEach(router -> {
            lines.add("enter " + router.name() + ": " + String.join(" ", router.networkEntry()) + " bash");
            pids.add(Long.toString(router.initPid()));
        });
        for (LabHost host : hosts) {
            if (host.alive()) {
                host.machine().keep();
                lines.add("enter " + host.id() + ": "
                        + String.join(" ", host.machine().entry()) + " bash");
                pids.add(Long.toString(host.machine().initPid()));
            }
        }
        lines.add("remove:       kill -KILL " + String.join(" ", pids) + "; rm -rf " + directory.path());
        return lines;
    }

    @Override
    public void close() {
        if (kept) {
            return;
        }
        List<Runnable> steps = new ArrayList<>();
        hosts.reversed().forEach(host -> steps.add(host::close));
        steps.addAll(List.of(holder::close, network::close, directory::remove));
        closeAll(steps);
    }

    /** Carries out every step, also after one that failed, and then tells the first failure. */
    private static void closeAll(List<Runnable> steps) {
        LabException first = null;
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (LabException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
