package dev.godwit.daemon;

import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts whose hostd was stopped in order while its VMs run on, as for an upgrade: these VMs are not lost when the host's lease
 * ends, though they may not speak then. Thread-safe.
 */
final class HostsAway {
    private static final Logger log = LoggerFactory.getLogger(HostsAway.class);

    /** Documents of this kind say that a host is away, by its id. */
    static final String KIND = "hosts-away";

    /** An upgrade is over by then; who is not back is taken for gone, since its machine may have died meanwhile. */
    static final Duration MOST = Duration.ofMinutes(10);

    private final String hostId;
    private final FleetStore store;
    private final InstantSource clock;

    /** @param until by the clock of the host that left */
    record Away(Instant until) {}

    HostsAway(String hostId, FleetStore store, InstantSource clock) {
        this.hostId = hostId;
        this.store = store;
        this.clock = clock;
    }

    /** This host's hostd stops now; what can't be told is not: the VMs are lost after a lease then. */
    void leaves() {
        try {
            long revision = own().map(FleetDocument::revision).orElse(FleetDocuments.ABSENT);
            store.documents()
                    .put(
                            KIND,
                            hostId,
                            revision,
                            Json.line(new Away(clock.instant().plus(MOST))));
            log.info("the fleet knows that the VMs of host {} run on for {} without hostd", hostId, MOST);
        } catch (FleetStoreException | RuntimeException e) {
            log.warn("the fleet takes the VMs of host {} for lost soon: {}", hostId, e.getMessage());
        }
    }

    /** This host's hostd runs. */
    void isBack() throws FleetStoreException {
        Optional<FleetDocument> left = own();
        if (left.isPresent()) {
            try {
                store.documents().delete(KIND, hostId, left.get().revision());
            } catch (DocumentConflict changed) {
                log.info("that host {} is away was changed by another hostd of this name", hostId);
            }
        }
    }

    private Optional<FleetDocument> own() throws FleetStoreException {
        return store.documents().read(KIND, hostId);
    }

    /** Ids of hosts that are away, and not for too long. */
    Set<String> now() throws FleetStoreException {
        Instant now = clock.instant();
        return store.documents().list(KIND).stream()
                .filter(document ->
                        now.isBefore(Json.read(document.json(), Away.class).until()))
                .map(FleetDocument::name)
                .collect(Collectors.toSet());
    }
}
