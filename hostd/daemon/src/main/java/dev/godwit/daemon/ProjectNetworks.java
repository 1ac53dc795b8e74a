package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.Watch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fleet's networks as this host knows them, newest first from the fleet store, which it watches; what it knew last is
 * kept in a file, so that a hostd that starts while the store is away treats its VMs as the one before did. Thread-safe.
 */
final class ProjectNetworks implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ProjectNetworks.class);
    /** Should the watch miss something, and while the store is away or a change could not be applied. */
    private static final Duration LOOK_AT_LEAST_EVERY = Duration.ofSeconds(30);

    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Networks networks;
    private final FleetDocuments documents;
    private final Path file;
    private final Follower follower;
    private final Semaphore changed = new Semaphore(1);
    private final Thread thread = Thread.ofVirtual().name("networks").unstarted(this::follow);
    private final Map<String, Network> known = new HashMap<>();
    private final Set<String> unapplied = new HashSet<>();
    private boolean unkept;

    /** Makes what is known now true for the VMs that run here. */
    interface Follower {
        /** The network's settings are these from now on. What fails is tried again. */
        void follow(Network network) throws IOException;
    }

    private record Kept(List<Network> networks) {}

    ProjectNetworks(Networks networks, FleetDocuments documents, Path file, Follower follower) throws IOException {
        this.networks = networks;
        this.documents = documents;
        this.file = file;
        this.follower = follower;
        if (Files.exists(file)) {
            try {
                Json.read(Files.readAllBytes(file), Kept.class)
                        .networks()
                        .forEach(network -> known.put(network.project(), network));
            } catch (BadRequest | IllegalArgumentException e) {
                log.warn("{} is not as this hostd writes it and is not used: {}", file, e.getMessage());
            }
        }
    }

    /** Begins to follow the store, now or as soon as it answers. */
    void start() {
        thread.start();
    }

    /**
     * A project's network as it is known here; asked of the store when it is not.
     *
     * @throws Refused there is none
     * @throws Unavailable the store does not answer
     */
    Network of(String project) {
        synchronized (this) {
            Network network = known.get(project);
            if (network != null) {
                return network;
            }
        }
        Network network = networks.forVm(project);
        synchronized (this) {
            Network now = known.merge(project, network, (a, b) -> a.revision() >= b.revision() ? a : b);
            // Others of the project may have been here while it was not known.
            unapplied.add(project);
            unkept = true;
            changed.release();
            return now;
        }
    }

    private void follow() {
        Watch watch = null;
        try {
            while (true) {
                boolean good = true;
                try {
                    if (watch == null) {
                        watch = documents.watch(NetworkDocument.KIND, any -> changed.release());
                    }
                    learn();
                } catch (FleetStoreException | RuntimeException e) {
                    log.warn("networks stay as they were for now: {}", e.getMessage());
                    good = false;
                }
                good &= applyAll();
                Duration wait = good ? LOOK_AT_LEAST_EVERY : RETRY;
                if (changed.tryAcquire(wait.toMillis(), TimeUnit.MILLISECONDS)) {
                    changed.drainPermits();
                }
            }
        } catch (InterruptedException e) {
            log.debug("networks are not followed any more");
        } finally {
            if (watch != null) {
                watch.close();
            }
        }
    }

    private void learn() {
        for (Network network : networks.all()) {
            synchronized (this) {
                if (!network.equals(known.put(network.project(), network))) {
                    unapplied.add(network.project());
                    unkept = true;
                }
            }
        }
    }

    /** @return whether all that is known is applied */
    private boolean applyAll() {
        Set<String> projects;
        synchronized (this) {
            if (unkept) {
                keep();
            }
            projects = Set.copyOf(unapplied);
            unapplied.clear();
        }
        boolean all = true;
        for (String project : projects) {
            all &= apply(project);
        }
        return all;
    }

    private boolean apply(String project) {
        Network network;
        synchronized (this) {
            network = known.get(project);
        }
        if (network == null) {
            return true;
        }
        try {
            follower.follow(network);
            log.info("the network of project {} is followed at revision {}", project, network.revision());
            return true;
        } catch (IOException | RuntimeException e) {
            log.error("the network of project {} can't be followed yet: {}", project, e.getMessage(), e);
            synchronized (this) {
                unapplied.add(project);
            }
            return false;
        }
    }

    private void keep() {
        List<Network> all = List.copyOf(known.values());
        try {
            Path next = file.resolveSibling(file.getFileName() + ".new");
            Files.write(next, Json.bytes(new Kept(all)));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            unkept = false;
        } catch (IOException e) {
            log.warn("what is known of networks can't be kept in {}: {}", file, e.getMessage());
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
