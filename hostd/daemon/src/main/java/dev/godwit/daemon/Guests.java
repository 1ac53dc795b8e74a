package dev.godwit.daemon;

import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Role;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The connections of REST whose holders have shown a certificate. One name can't take all places, and the last ones are for
 * operators and hosts, who may be there to end the trouble. Thread-safe.
 */
final class Guests {
    /** Each costs two virtual threads, two descriptors and 70 KiB of buffers. */
    static final int PLACES = 640;
    /** A CI system follows an output for each of its agents. */
    static final int PER_NAME = 400;
    /** Of all places. */
    static final int FOR_OPERATORS_AND_HOSTS = 64;

    /**
     * One connection.
     *
     * @param id what the connection inside is known by
     * @param close ends it; never blocks
     */
    record Guest(String id, Identity identity, X509Certificate certificate, Runnable close) {}

    private final Map<String, Guest> guests = new HashMap<>();
    private final Map<Identity, Integer> byName = new HashMap<>();
    private long next;

    /** Gives a place; empty when there is none for this one. */
    synchronized Optional<Guest> admit(Identity identity, X509Certificate certificate, Runnable close) {
        boolean preferred = identity.role() == Role.OPERATOR || identity.role() == Role.HOST;
        int places = preferred ? PLACES : PLACES - FOR_OPERATORS_AND_HOSTS;
        if (guests.size() >= places || byName.getOrDefault(identity, 0) >= PER_NAME) {
            return Optional.empty();
        }
        Guest guest = new Guest(Long.toString(++next), identity, certificate, close);
        guests.put(guest.id(), guest);
        byName.merge(identity, 1, Integer::sum);
        return Optional.of(guest);
    }

    synchronized void leave(Guest guest) {
        if (guests.remove(guest.id()) != null) {
            byName.computeIfPresent(guest.identity(), (any, count) -> count == 1 ? null : count - 1);
        }
    }

    synchronized Optional<Guest> find(String id) {
        return Optional.ofNullable(guests.get(id));
    }

    synchronized int count() {
        return guests.size();
    }

    private synchronized List<Guest> all() {
        return List.copyOf(guests.values());
    }

    /** Ends the connections whose certificates have expired or were revoked meanwhile; gives their number. */
    int closeNoLongerGood(FleetTrust trust) {
        int closed = 0;
        for (Guest guest : all()) {
            if (!trust.stillGood(guest.identity(), guest.certificate())) {
                guest.close().run();
                closed++;
            }
        }
        return closed;
    }
}
