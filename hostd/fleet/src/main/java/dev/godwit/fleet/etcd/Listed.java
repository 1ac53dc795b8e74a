package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetStoreUnavailable;
import io.etcd.jetcd.ByteSequence;
import java.util.Map;
import java.util.Optional;

/**
 * Things below one prefix of keys, each with an id that is the rest of its key.
 *
 * @param <T> what is told of one
 */
interface Listed<T> {
    /** The prefix whose keys change whenever one of these does. */
    ByteSequence prefix();

    /** All of them by id, and the revision of etcd that they were read at. */
    record Listing<T>(Map<String, T> all, long revision) {}

    Listing<T> listing() throws FleetStoreUnavailable;

    Optional<T> read(String id) throws FleetStoreUnavailable;
}
