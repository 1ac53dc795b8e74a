package dev.godwit.fleet;

import dev.godwit.tls.Revocation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Who is in the fleet, and which host may run which VM (design §7).
 *
 * <p>Every call ends within the store's time-out. Reads are linearizable. Thread-safe. Held to one contract test in both
 * implementations: SQLite for exactly one host, etcd for two or more.
 */
public interface FleetStore extends AutoCloseable {
    /** A shorter lease would end in a collector's pause or a short loss of packets. */
    Duration TTL_LEAST = Duration.ofSeconds(2);

    /** A dead host is not recovered before its lease ends. */
    Duration TTL_MOST = Duration.ofHours(1);

    /**
     * Makes this host known for as long as its lease is renewed, which the store does by itself until the lease is closed.
     *
     * @param ttl between {@link #TTL_LEAST} and {@link #TTL_MOST}, whole seconds; a host that dies is forgotten after it
     * <p>The same installation may announce itself again: it was restarted, and its older lease ends.
     *
     * @throws HostIdTaken a live host of another installation has this id
     */
    HostLease announce(HostRecord host, Duration ttl) throws HostIdTaken, FleetStoreUnavailable;

    /** The hosts whose leases live, ordered by id. */
    List<HostRecord> hosts() throws FleetStoreUnavailable;

    /**
     * Writes the first ownership record of a VM, with fence 1, together with the claim of its name and address.
     *
     * @return the record as it stands
     * @throws NameTaken another VM has the name
     * @throws AddressTaken another VM has the address
     * @throws OutcomeUnknown the answer is missing; read before doing anything else
     * @throws OwnershipConflict the VM id has a record already
     */
    OwnershipRecord create(NewOwnership vm)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable;

    /** The record of a VM; empty if there is none. */
    Optional<OwnershipRecord> read(String vmId) throws FleetStoreUnavailable;

    /** The record of the VM that has this name; empty if there is none. */
    Optional<OwnershipRecord> byName(String name) throws FleetStoreUnavailable;

    /** All records, ordered by VM id. */
    List<OwnershipRecord> list() throws FleetStoreUnavailable;

    /**
     * One compare-and-set, in one round trip: if {@code expectedOwner} owns the VM under {@code expectedFence}, then
     * {@code newOwner} (the same host is allowed: a rollback) owns it under the next fence.
     *
     * @return the new record
     * @throws OwnershipConflict the record is another one, or gone; nothing was written
     * @throws OutcomeUnknown the answer is missing: it may have been written or may yet be. Never retried here; read first
     * @throws FleetStoreUnavailable the store was not reached; nothing was or will be written
     */
    OwnershipRecord transfer(String vmId, String expectedOwner, long expectedFence, String newOwner)
            throws OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable;

    /**
     * Like {@link #transfer}, from a host that is not known any more: in the same transaction, so that an owner that
     * announces itself again and then reads its records finds either this one changed or this call refused.
     *
     * @throws OwnerLives the owner's host record is there; nothing was written
     */
    OwnershipRecord takeOver(String vmId, String expectedOwner, long expectedFence, String newOwner)
            throws OwnerLives, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable;

    /**
     * Removes the record, its name and its address, if the VM is still owned like this.
     *
     * @throws OwnershipConflict the record is another one, or gone
     */
    void delete(String vmId, String expectedOwner, long expectedFence)
            throws OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable;

    /**
     * Hears of records written after the call returns, by any host, in the order of writing for one VM. Best effort:
     * several writes of one VM may arrive as the last one; after a gap in the connection everything is listed again, so a
     * record may come twice. The consumer is called on one thread of the store and must not block it.
     */
    Watch watch(Consumer<OwnershipChange> consumer) throws FleetStoreUnavailable;

    /**
     * Notes that certificates are no longer taken. Of several times for the same subject the
     * latest stays.
     *
     * @return false where the subject was revoked already; of two that ask at the same time one is told true
     * @throws OutcomeUnknown the answer is missing; asking again is harmless, but for what it returns
     */
    boolean revoke(Revocation revocation) throws OutcomeUnknown, FleetStoreUnavailable;

    /** All revocations, ordered by subject. */
    List<Revocation> revocations() throws FleetStoreUnavailable;

    /** The fleet's small documents, in the same store; valid until it is closed. */
    FleetDocuments documents();

    /** Ends leases, watches, threads and connections. Host records announced here are withdrawn if the store answers. */
    @Override
    void close();
}
