package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostIdTaken;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnerLives;
import dev.godwit.fleet.OwnershipChange;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Watch;
import dev.godwit.tls.Revocation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The fleet store of exactly one host: an SQLite file that one hostd holds exclusively. Every write is on the medium when
 * the call returns. The lease of the only host cannot be lost to anybody, so it is valid while the store is open.
 */
public final class SqliteFleetStore implements FleetStore {
    private final SqliteFile file;
    private final OwnershipTable table;
    private final RevocationTable revocations;
    private final LongSupplier clockNanos;
    private final LocalWatches<OwnershipChange> watches = new LocalWatches<>();
    private final SqliteDocuments documents;
    private final AtomicReference<@Nullable HostRecord> announced = new AtomicReference<>();

    private SqliteFleetStore(SqliteFile file, LongSupplier clockNanos) {
        this.file = file;
        this.table = new OwnershipTable(file.handle());
        this.revocations = new RevocationTable(file.handle());
        this.clockNanos = clockNanos;
        this.documents = new SqliteDocuments(file);
    }

    /**
     * Opens the file, making it where it is missing.
     *
     * @param clockNanos CLOCK_BOOTTIME or alike, for leases
     * @throws FleetStoreUnavailable another process holds it, or it cannot be read
     */
    public static SqliteFleetStore open(Path path, LongSupplier clockNanos) throws FleetStoreUnavailable {
        SqliteFile file = SqliteFile.open(path);
        return new SqliteFleetStore(file, clockNanos);
    }

    @Override
    public HostLease announce(HostRecord host, Duration ttl) throws HostIdTaken {
        requireTtl(ttl);
        HostRecord present = announced.get();
        boolean again = present != null
                && present.hostId().equals(host.hostId())
                && present.installation().equals(host.installation());
        if ((present != null && !again) || !announced.compareAndSet(present, host)) {
            throw new HostIdTaken(
                    "cannot announce host " + host.hostId() + ": this fleet store is a file for exactly one host,"
                            + " and host " + host.hostId() + " or another is announced in it; for more hosts configure"
                            + " fleet-store etcd");
        }
        return new LocalLease(host);
    }

    @Override
    public List<HostRecord> hosts() {
        HostRecord host = announced.get();
        return host == null ? List.of() : List.of(host);
    }

    @Override
    public OwnershipRecord create(NewOwnership vm)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        try {
            return file.write(
                    "create the ownership record of vm " + vm.vmId(), () -> table.create(vm), this::tellWritten);
        } catch (NameTaken | AddressTaken | OwnershipConflict | OutcomeUnknown | FleetStoreUnavailable told) {
            throw told;
        } catch (FleetStoreException impossible) {
            throw new IllegalStateException("a new record is refused for its name, address or id only", impossible);
        }
    }

    @Override
    public Optional<OwnershipRecord> read(String vmId) throws FleetStoreUnavailable {
        return file.read("read the ownership record of vm " + vmId, () -> table.byId(vmId));
    }

    @Override
    public Optional<OwnershipRecord> byName(String name) throws FleetStoreUnavailable {
        return file.read("read the ownership record of the vm named " + name, () -> table.byName(name));
    }

    @Override
    public List<OwnershipRecord> list() throws FleetStoreUnavailable {
        return file.read("list the ownership records", table::all);
    }

    @Override
    public OwnershipRecord transfer(String vmId, String expectedOwner, long expectedFence, String newOwner)
            throws OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        String what =
                "give vm " + vmId + " of host " + expectedOwner + ", fence " + expectedFence + ", to host " + newOwner;
        return file.write(
                what, () -> table.transfer(what, vmId, expectedOwner, expectedFence, newOwner), this::tellWritten);
    }

    @Override
    public OwnershipRecord takeOver(String vmId, String expectedOwner, long expectedFence, String newOwner)
            throws OwnerLives, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        HostRecord alive = announced.get();
        if (alive != null && alive.hostId().equals(expectedOwner)) {
            throw new OwnerLives(
                    "cannot take vm " + vmId + " over from host " + expectedOwner + ": it is alive, and the only host");
        }
        return transfer(vmId, expectedOwner, expectedFence, newOwner);
    }

    @Override
    public void delete(String vmId, String expectedOwner, long expectedFence)
            throws OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        String what = "delete vm " + vmId + " of host " + expectedOwner + ", fence " + expectedFence;
        file.write(
                what,
                () -> table.delete(what, vmId, expectedOwner, expectedFence),
                last -> watches.tell(new OwnershipChange(last, true)));
    }

    @Override
    public Watch watch(Consumer<OwnershipChange> consumer) {
        return watches.add(consumer);
    }

    @Override
    public boolean revoke(Revocation revocation) throws OutcomeUnknown, FleetStoreUnavailable {
        return file.<Boolean, OutcomeUnknown>write(
                "revoke " + revocation.subject(), () -> revocations.revoke(revocation), any -> {});
    }

    @Override
    public List<Revocation> revocations() throws FleetStoreUnavailable {
        return file.read("list the revocations", revocations::all);
    }

    @Override
    public FleetDocuments documents() {
        return documents;
    }

    @Override
    public void close() {
        documents.close();
        watches.close();
        file.close();
    }

    private void tellWritten(OwnershipRecord record) {
        watches.tell(new OwnershipChange(record, false));
    }

    private static void requireTtl(Duration ttl) {
        if (ttl.compareTo(TTL_LEAST) < 0 || ttl.compareTo(TTL_MOST) > 0) {
            throw new IllegalArgumentException(
                    "time to live " + ttl + " is not between " + TTL_LEAST + " and " + TTL_MOST);
        }
    }

    private final class LocalLease implements HostLease {
        private final HostRecord host;
        private final AtomicBoolean open = new AtomicBoolean(true);

        LocalLease(HostRecord host) {
            this.host = host;
        }

        @Override
        public HostRecord host() {
            return host;
        }

        @Override
        public long validUntilNanos() {
            return isValid() ? Long.MAX_VALUE : clockNanos.getAsLong();
        }

        @Override
        public boolean isValid() {
            return open.get();
        }

        @Override
        public void close() {
            if (open.getAndSet(false)) {
                announced.compareAndSet(host, null);
            }
        }
    }
}
