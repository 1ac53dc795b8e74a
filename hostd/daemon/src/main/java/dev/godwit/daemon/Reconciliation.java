package dev.godwit.daemon;

import dev.godwit.api.EventType;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MoveInProgress;
import dev.godwit.move.MovesInProgress;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings together what this host has and what the fleet store says it has: at its start and every minute. Finishes what a
 * crash cut off (a removal, an arrival), and removes ownership records of VMs that are not here. Used by one thread.
 */
final class Reconciliation {
    private static final Logger log = LoggerFactory.getLogger(Reconciliation.class);
    /** Between a record and its VM lie the files of a disk and a start of a VMM: that takes seconds. */
    static final Duration ORPHAN_AFTER = Duration.ofMinutes(1);

    private final String hostId;
    private final FleetStore store;
    private final HostParts parts;
    private final Vms vms;
    private final MovesInProgress inProgress;
    private final Disowning disowning;
    private final LongSupplier nanos;
    private final Map<String, Long> missingSince = new HashMap<>();

    Reconciliation(
            String hostId,
            FleetStore store,
            HostParts parts,
            Vms vms,
            MovesInProgress inProgress,
            Disowning disowning,
            LongSupplier nanos) {
        this.hostId = hostId;
        this.store = store;
        this.parts = parts;
        this.vms = vms;
        this.inProgress = inProgress;
        this.disowning = disowning;
        this.nanos = nanos;
    }

    /** One look; what fails is left for the next one. */
    void run() {
        for (HostedVm vm : vms.all()) {
            switch (vm.record().phase()) {
                case ARRIVING, GIVEN -> attempt(vm.id(), () -> finish(vm));
                case CREATING, RUNNING, STOPPED, LOST -> {}
            }
        }
        attempt("", this::removeOrphans);
        attempt("", () -> PublicPorts.removeLeft(store));
    }

    private interface Step {
        void run() throws IOException, FleetStoreException;
    }

    private static void attempt(String vmId, Step step) {
        try {
            step.run();
        } catch (IOException | FleetStoreException | RuntimeException e) {
            log.warn(
                    "{} is looked at again later: {}",
                    vmId.isEmpty() ? "the fleet store" : "vm " + vmId,
                    e.getMessage());
        }
    }

    /** A VM that is neither fully here nor gone, though no move of it is open. */
    private void finish(HostedVm vm) throws IOException, FleetStoreException {
        String place = "reconciliation-" + UUID.randomUUID();
        try {
            inProgress.begin(vm.id(), place);
        } catch (MoveInProgress itsMoveDecides) {
            return;
        }
        try {
            Optional<OwnershipRecord> ours =
                    store.read(vm.id()).filter(record -> record.owner().equals(hostId));
            if (vm.record().phase() == VmRecord.Phase.ARRIVING && ours.isPresent()) {
                arrived(vm, ours.get().fence());
                return;
            }
            log.info(
                    "vm {} ({}): what is left of it here is removed",
                    vm.id(),
                    vm.record().phase());
            vm.discard();
            vms.remove(vm);
            if (ours.isPresent()) {
                disowning.disown(vm.id());
            }
        } finally {
            inProgress.end(vm.id(), place);
        }
    }

    private void arrived(HostedVm vm, long fence) throws IOException {
        if (!vm.isGone()) {
            vm.goOn(fence);
            return;
        }
        vm.stands(VmRecord.Phase.LOST);
        parts.events()
                .append(EventType.LOST, vm.id(), "VM " + vm.record().name() + " is this host's and its VMM is gone");
    }

    /** Records that name this host and have no VM here, not even one that is being made. */
    private void removeOrphans() throws FleetStoreException {
        List<OwnershipRecord> records = store.list();
        // After the records: a promise comes before its record, so a VM that is being made is seen.
        Set<String> here = new HashSet<>(parts.admission().promised());
        vms.all().forEach(vm -> here.add(vm.id()));
        Set<String> missing = new HashSet<>();
        for (OwnershipRecord record : records) {
            String vmId = record.vmId();
            if (record.owner().equals(hostId)
                    && !here.contains(vmId)
                    && inProgress.moveOf(vmId).isEmpty()
                    && !parts.records().has(vmId)) {
                missing.add(vmId);
                removeWhenDue(record);
            }
        }
        missingSince.keySet().retainAll(missing);
    }

    private void removeWhenDue(OwnershipRecord record) throws FleetStoreException {
        boolean removedHere = disowning.isPending(record.vmId());
        long since = missingSince.computeIfAbsent(record.vmId(), id -> nanos.getAsLong());
        if (!removedHere && nanos.getAsLong() - since < ORPHAN_AFTER.toNanos()) {
            return;
        }
        disowning.remove(record);
        log.warn("vm {} ({}): its record named this host, where nothing of it is", record.vmId(), record.name());
        if (!removedHere) {
            parts.events()
                    .append(
                            EventType.LOST,
                            record.vmId(),
                            "VM " + record.name() + " was this host's by the fleet store and nothing of it is here; its"
                                    + " name and address are free again");
        }
    }
}
