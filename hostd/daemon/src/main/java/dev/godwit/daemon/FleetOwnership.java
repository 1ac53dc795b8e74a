package dev.godwit.daemon;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.Ownership;
import dev.godwit.move.OwnershipChanged;
import dev.godwit.move.OwnershipOutcomeUnknown;
import dev.godwit.move.OwnershipPort;
import dev.godwit.move.OwnershipUnreadable;
import java.util.Optional;

/** The fleet store as a move sees it. */
final class FleetOwnership implements OwnershipPort {
    private final FleetStore store;

    FleetOwnership(FleetStore store) {
        this.store = store;
    }

    @Override
    public Optional<Ownership> read(String vmId) throws OwnershipUnreadable {
        try {
            return store.read(vmId).map(FleetOwnership::ownership);
        } catch (FleetStoreUnavailable e) {
            throw new OwnershipUnreadable(String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public Ownership compareAndSet(String vmId, Ownership expected, String newOwner)
            throws OwnershipChanged, OwnershipOutcomeUnknown, OwnershipUnreadable {
        try {
            return ownership(store.transfer(vmId, expected.owner(), expected.fence(), newOwner));
        } catch (OwnershipConflict e) {
            throw new OwnershipChanged(vmId, expected, e.actual().map(FleetOwnership::ownership));
        } catch (OutcomeUnknown e) {
            throw new OwnershipOutcomeUnknown(String.valueOf(e.getMessage()), e);
        } catch (FleetStoreUnavailable e) {
            throw new OwnershipUnreadable(String.valueOf(e.getMessage()), e);
        }
    }

    private static Ownership ownership(OwnershipRecord record) {
        return new Ownership(record.owner(), record.fence());
    }
}
