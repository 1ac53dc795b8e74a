package dev.godwit.daemon;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.etcd.EtcdTls;
import dev.godwit.peer.PeerSockets;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.LiveCredentials;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsUnusable;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who this host is on the network, and whom it takes: its certificate, which follows its files, and what is revoked, which
 * follows the fleet store. Thread-safe.
 */
public final class HostTls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostTls.class);

    /** How late a revocation or a changed file counts at most; one small read of the store. */
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    private static final Duration END_WITHIN = Duration.ofSeconds(5);

    private final LiveCredentials credentials;
    private final RevokedNow revoked;
    private final InstantSource clock;
    private final SSLContext server;
    private final SSLContext toHosts;
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile @Nullable Thread following;
    private String lastTrouble = "";

    private HostTls(LiveCredentials credentials, RevokedNow revoked, InstantSource clock) {
        this.credentials = credentials;
        this.revoked = revoked;
        this.clock = clock;
        this.server = FleetTls.context(credentials, trustForRest());
        this.toHosts = FleetTls.context(credentials, trustForHosts());
    }

    /**
     * Reads the host's files.
     *
     * @return null for a host without {@code tls}
     * @throws IOException they can't be used, or are another's
     */
    static @Nullable HostTls open(HostdConfig config, InstantSource clock) throws IOException {
        TlsConfig files = config.tls();
        if (files == null) {
            return null;
        }
        LiveCredentials credentials = check(config, files);
        HostTls tls =
                new HostTls(credentials, RevokedNow.open(config.stateDirectory().resolve("revocations")), clock);
        Credentials own = credentials.get();
        LOG.info("{}, certificate valid until {}", own.identity(), own.until());
        try {
            own.requireValid(clock.instant());
        } catch (TlsUnusable e) {
            LOG.error(
                    "nobody will take this host's certificate; its VMs are served by the unix socket alone: {}",
                    e.getMessage());
        }
        return tls;
    }

    /** Whether the files are this host's. */
    static LiveCredentials check(HostdConfig config, TlsConfig files) throws TlsUnusable {
        LiveCredentials credentials = LiveCredentials.open(files.files());
        Credentials own = credentials.get();
        if (own.identity().role() != Role.HOST || !own.identity().name().equals(config.hostId())) {
            throw new TlsUnusable(files.certificate() + " is the certificate of "
                    + own.identity().subject() + ", and this is host/" + config.hostId()
                    + "; 'godwit pki issue --role host " + config.hostId() + "' makes the right one");
        }
        return credentials;
    }

    LiveCredentials credentials() {
        return credentials;
    }

    /** Whoever may ask something of REST. */
    FleetTrust trustForRest() {
        return trust(EnumSet.of(Role.VIEWER, Role.AGENT_BROKER, Role.OPERATOR, Role.HOST, Role.JOIN));
    }

    /** Hosts, at either end. */
    FleetTrust trustForHosts() {
        return trust(Set.of(Role.HOST));
    }

    private FleetTrust trust(Set<Role> roles) {
        return new FleetTrust(credentials, roles, revoked, clock);
    }

    SSLContext serverContext() {
        return server;
    }

    /** For connections to other hosts. */
    SSLContext toHosts() {
        return toHosts;
    }

    /** For connections to other hosts, each of which must be the one that is expected at its address. */
    SSLContext toHosts(FleetTrust.AtAddress expected) {
        return FleetTls.context(credentials, trustForHosts().expectingAt(expected));
    }

    /** The peer wire, both ends. */
    PeerSockets peerSockets() {
        return PeerSockets.secure(credentials, trustForHosts());
    }

    /** For connections to the fleet store. */
    EtcdTls toStore() {
        return new EtcdTls(credentials, trust(Set.of(Role.STORE)));
    }

    /** Begins to follow the files and the store's revocations. */
    void follow(FleetStore store, Runnable alsoDo) {
        following = Thread.ofPlatform().daemon().name("tls-upkeep").start(() -> {
            try {
                do {
                    look(store);
                    alsoDo.run();
                } while (!closing.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void look(FleetStore store) {
        try {
            if (credentials.refresh()) {
                LOG.info(
                        "a new certificate is used from now on, valid until {}",
                        credentials.get().until());
            }
            if (revoked.set(store.revocations())) {
                LOG.info("the fleet's revocations have changed");
            }
            lastTrouble = "";
        } catch (TlsUnusable | FleetStoreException | RuntimeException e) {
            String trouble = String.valueOf(e.getMessage());
            if (!trouble.equals(lastTrouble)) {
                LOG.warn("certificate and revocations stay as they were: {}", trouble);
                lastTrouble = trouble;
            }
        }
    }

    @Override
    public void close() throws InterruptedException {
        closing.countDown();
        Thread thread = following;
        if (thread != null) {
            thread.join(END_WITHIN);
        }
    }
}
