package dev.godwit.daemon;

import dev.godwit.api.EventType;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.MoveSide;
import dev.godwit.move.MoveState;
import dev.godwit.nbd.ExportMode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes back the VMs that an earlier hostd left: their disks are served again, their VMMs and userfaultfds taken over. Only
 * a VM of which no process is left is lost; one that can't be taken over now is tried again until it can, or is gone.
 */
final class VmRecovery {
    private static final Logger log = LoggerFactory.getLogger(VmRecovery.class);
    /** First pause between two tries; doubles. */
    private static final Duration RETRY_FIRST = Duration.ofSeconds(1);
    /** A VMM that answers again is taken over within it. */
    private static final Duration RETRY_MOST = Duration.ofSeconds(30);

    private final HostParts parts;
    private final String hostId;
    private final FleetStore store;
    private final Images images;
    private final Vms vms;
    private final MoveThreads threads;
    private final List<MoveRecord> openMoves;

    /** @param openMoves what the journal has open at both ends; they decide which disk takes writes */
    VmRecovery(
            HostParts parts,
            String hostId,
            FleetStore store,
            Images images,
            Vms vms,
            MoveThreads threads,
            List<MoveRecord> openMoves) {
        this.parts = parts;
        this.hostId = hostId;
        this.store = store;
        this.images = images;
        this.vms = vms;
        this.threads = threads;
        this.openMoves = List.copyOf(openMoves);
    }

    /** Takes back all that can be; one VM that can't be does not stand in another's way. */
    void run(VmLifecycle lifecycle) throws IOException {
        for (VmRecord record : parts.records().load()) {
            parts.admission().readmit(record);
            try {
                takeBack(record, lifecycle);
            } catch (IOException | RuntimeException e) {
                log.error("vm {} ({}) could not be taken back: {}", record.id(), record.name(), e.getMessage(), e);
            }
        }
    }

    private void takeBack(VmRecord record, VmLifecycle lifecycle) throws IOException {
        Optional<LocalImage> image = images.find(record.image());
        if (image.isEmpty()) {
            throw new IOException(
                    "its base image " + record.image() + " is no longer on this host; push it here again");
        }
        HostedVm vm = HostedVm.reopen(parts, record, image.get());
        vms.add(vm);
        switch (record.phase()) {
            case RUNNING -> {
                if (openMoves.stream().anyMatch(move -> isPausedBy(move, vm))) {
                    vm.hold();
                }
                adopt(vm, ExportMode.READ_WRITE, vm::watchDisk);
            }
            case CREATING -> adopt(vm, ExportMode.READ_WRITE, () -> lifecycle.awaitGuestInBackground(vm));
            case ARRIVING -> adoptArriving(vm);
            case GIVEN -> {
                if (openMoves.stream().anyMatch(move -> move.vmId().equals(vm.id()))) {
                    adopt(vm, ExportMode.READ_WRITE, () -> {});
                }
            }
            case STOPPED, LOST -> log.info("vm {} ({}) has no VMM; its disk is here", record.id(), record.phase());
        }
    }

    /**
     * A guest that was let go on before hostd ended needs a disk that takes its writes: the journal knows, and where its last
     * line is older than the commit, the ownership record does.
     */
    private void adoptArriving(HostedVm vm) {
        Optional<MoveRecord> open = openMoves.stream()
                .filter(move -> move.vmId().equals(vm.id()) && move.side() == MoveSide.TARGET)
                .findFirst();
        boolean mayRun = open.map(VmRecovery::letGoOn).orElse(false) || isOwned(vm.id());
        adopt(
                vm,
                mayRun ? ExportMode.READ_WRITE : ExportMode.BEFORE_COMMIT,
                () -> open.ifPresent(move -> ran(vm, move)));
    }

    /** Whether the move may have paused this copy, and its end decides whether it goes on. */
    private static boolean isPausedBy(MoveRecord move, HostedVm vm) {
        return move.vmId().equals(vm.id()) && move.side() == MoveSide.SOURCE && move.entered(MoveState.CUTOVER);
    }

    private static boolean letGoOn(MoveRecord move) {
        return switch (move.state()) {
            case RESUME, DRAIN, RELEASE -> true;
            default -> false;
        };
    }

    private boolean isOwned(String vmId) {
        try {
            return store.read(vmId)
                    .filter(record -> record.owner().equals(hostId))
                    .isPresent();
        } catch (FleetStoreException e) {
            // Its disk opens when its move is resolved; a write before that makes the guest wait, and lost is nothing.
            log.info("vm {}: the fleet store does not say yet who owns it: {}", vmId, e.getMessage());
            return false;
        }
    }

    /** The move's journal is beyond its RESUME: the VM runs, and only this host's own record was not written. */
    private static void ran(HostedVm vm, MoveRecord move) {
        switch (move.state()) {
            case DRAIN, RELEASE -> {
                try {
                    vm.goOn(move.fenceAfter().orElseThrow());
                } catch (IOException e) {
                    log.error("vm {} has arrived and does not go on: {}", vm.id(), e.getMessage(), e);
                }
            }
            default -> {}
        }
    }

    private void adopt(HostedVm vm, ExportMode mode, Runnable adopted) {
        if (!adoptedNow(vm, mode, adopted)) {
            threads.start("adoption-of-" + vm.id(), () -> adoptAtLast(vm, mode, adopted));
        }
    }

    private void adoptAtLast(HostedVm vm, ExportMode mode, Runnable adopted) {
        Duration pause = RETRY_FIRST;
        try {
            do {
                Thread.sleep(pause);
                Duration doubled = pause.multipliedBy(2);
                pause = doubled.compareTo(RETRY_MOST) > 0 ? RETRY_MOST : doubled;
            } while (vms.find(vm.id()).isPresent() && !adoptedNow(vm, mode, adopted));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether there is nothing left to try. */
    private boolean adoptedNow(HostedVm vm, ExportMode mode, Runnable adopted) {
        try {
            vm.adopt(mode);
            log.info(
                    "vm {} ({}) is taken back, process {}",
                    vm.id(),
                    vm.record().name(),
                    vm.vmm().pid());
            adopted.run();
            return true;
        } catch (IOException | RuntimeException e) {
            if (vm.isGone()) {
                gone(vm, e);
                return true;
            }
            log.error(
                    "vm {} ({}) has a process and can't be taken back now, it is tried again: {}",
                    vm.id(),
                    vm.record().name(),
                    e.getMessage());
            return false;
        }
    }

    /** What it means that a copy on its way is gone, its move says. */
    private void gone(HostedVm vm, Exception why) {
        switch (vm.record().phase()) {
            case RUNNING, CREATING -> {
                try {
                    vm.stands(VmRecord.Phase.LOST);
                } catch (IOException e) {
                    log.info("vm {}: {}", vm.id(), e.getMessage());
                    return;
                }
                parts.events()
                        .append(
                                EventType.LOST,
                                vm.id(),
                                "The VMM of VM " + vm.record().name() + " was gone when hostd started: "
                                        + why.getMessage());
            }
            default ->
                log.warn("vm {} ({}): its VMM is gone: {}", vm.id(), vm.record().phase(), why.getMessage());
        }
    }
}
