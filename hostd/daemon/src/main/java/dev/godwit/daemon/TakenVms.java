package dev.godwit.daemon;

import dev.godwit.api.EventType;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MoveInProgress;
import dev.godwit.move.MovesInProgress;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends copies of VMs that another host has taken over, or that were removed, while this one was away. Their packets are dropped from the moment
 * that the data plane knows the record; this frees what they hold.
 */
final class TakenVms {
    private static final Logger log = LoggerFactory.getLogger(TakenVms.class);

    private final String hostId;
    private final FleetStore store;
    private final HostParts parts;
    private final Vms vms;
    private final MovesInProgress inProgress;

    TakenVms(String hostId, FleetStore store, HostParts parts, Vms vms, MovesInProgress inProgress) {
        this.hostId = hostId;
        this.store = store;
        this.parts = parts;
        this.vms = vms;
        this.inProgress = inProgress;
    }

    /** A record was written; returns at once. */
    void written(OwnershipRecord record) {
        if (!record.owner().equals(hostId) && vms.find(record.vmId()).isPresent()) {
            Thread.ofVirtual().name("taken-" + record.vmId()).start(() -> end(record.vmId(), OptionalLong.empty()));
        }
    }

    /** A VM was removed that this host had under this fence or an earlier one; returns when nothing of it is left here. */
    void removed(String vmId, long fence) {
        if (vms.find(vmId).isPresent()) {
            end(vmId, OptionalLong.of(fence));
        }
    }

    /** Looks at every VM here. */
    void look() {
        vms.all().forEach(vm -> end(vm.id(), OptionalLong.empty()));
    }

    private void end(String vmId, OptionalLong removedFence) {
        String place = "taken-" + UUID.randomUUID();
        try {
            inProgress.begin(vmId, place);
        } catch (MoveInProgress itsMoveDecides) {
            return;
        }
        try {
            Optional<HostedVm> here = vms.find(vmId);
            if (here.isEmpty() || isLeftToOthers(here.get())) {
                return;
            }
            // Read anew: what the watch told may have been the start of a move that has come back since.
            Optional<OwnershipRecord> record = store.read(vmId);
            long fence = here.get().record().fence();
            if (record.filter(ours -> ours.owner().equals(hostId)).isPresent()) {
                return;
            }
            if (removedFence.isPresent() && fence <= removedFence.getAsLong()) {
                end(here.get(), "was removed while this host had no lease");
            } else if (record.isPresent() && record.get().fence() > fence) {
                end(
                        here.get(),
                        "was taken over by host " + record.get().owner() + " under fence "
                                + record.get().fence() + " while this host had no lease");
            }
        } catch (IOException | FleetStoreException | RuntimeException e) {
            log.error("vm {} belongs to another host and its copy here could not be ended: {}", vmId, e.getMessage());
        } finally {
            inProgress.end(vmId, place);
        }
    }

    /** What is on its way in or out is brought to its end by a reconciliation. */
    private static boolean isLeftToOthers(HostedVm vm) {
        return switch (vm.record().phase()) {
            case CREATING, RUNNING, STOPPED, LOST -> false;
            case ARRIVING, GIVEN -> true;
        };
    }

    private void end(HostedVm vm, String why) throws IOException {
        vm.discard();
        vms.remove(vm);
        parts.events()
                .append(
                        EventType.LOST,
                        vm.id(),
                        "VM " + vm.record().name() + " " + why + "; the copy here was not heard and is ended");
    }
}
