package dev.godwit.daemon;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.OwnershipRecord;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Removes the ownership records of VMs that this host no longer has. What the fleet store does not take now stays pending,
 * and a reconciliation tries it again. Thread-safe.
 */
final class Disowning {
    private final String hostId;
    private final FleetStore store;
    private final Set<String> pending = ConcurrentHashMap.newKeySet();

    Disowning(String hostId, FleetStore store) {
        this.hostId = hostId;
        this.store = store;
    }

    /**
     * Removes the record under whatever fence it names this host; one that names another host is not ours to remove.
     *
     * @throws FleetStoreException it may still be there, and stays pending
     */
    void disown(String vmId) throws FleetStoreException {
        pending.add(vmId);
        Optional<OwnershipRecord> ours =
                store.read(vmId).filter(record -> record.owner().equals(hostId));
        if (ours.isPresent()) {
            store.delete(vmId, hostId, ours.get().fence());
        }
        pending.remove(vmId);
    }

    /** Its record is gone. */
    void done(String vmId) {
        pending.remove(vmId);
    }

    /** Whether the VM was removed here and its record could not be. */
    boolean isPending(String vmId) {
        return pending.contains(vmId);
    }
}
