package dev.godwit.daemon;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.OwnershipRecord;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the ownership records of VMs that this host no longer has. What the fleet store does not take now stays pending,
 * and a reconciliation tries it again. Thread-safe.
 */
final class Disowning {
    private static final Logger log = LoggerFactory.getLogger(Disowning.class);

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
            remove(ours.get());
        }
        pending.remove(vmId);
    }

    /**
     * Removes a record, and the public ports that led to its VM. Ports that are left lead nowhere, and a reconciliation
     * removes them.
     *
     * @throws FleetStoreException the record may still be there
     */
    void remove(OwnershipRecord record) throws FleetStoreException {
        store.delete(record.vmId(), record.owner(), record.fence());
        pending.remove(record.vmId());
        try {
            PublicPorts.removeLeft(store);
        } catch (FleetStoreException e) {
            log.warn("ports that led to vm {} stay in the fleet store for now: {}", record.vmId(), e.getMessage());
        }
    }

    /** Whether the VM was removed here and its record could not be. */
    boolean isPending(String vmId) {
        return pending.contains(vmId);
    }
}
