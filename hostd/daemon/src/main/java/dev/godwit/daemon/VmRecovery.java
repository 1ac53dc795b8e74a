package dev.godwit.daemon;

import dev.godwit.api.EventType;
import dev.godwit.move.VmPort;
import dev.godwit.nbd.ExportMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes back the VMs that an earlier hostd left: their disks are served again, their VMMs and userfaultfds taken over. */
final class VmRecovery {
    private static final Logger log = LoggerFactory.getLogger(VmRecovery.class);

    private final HostParts parts;
    private final Images images;
    private final Vms vms;

    VmRecovery(HostParts parts, Images images, Vms vms) {
        this.parts = parts;
        this.images = images;
        this.vms = vms;
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
            case RUNNING -> adopt(vm, ExportMode.READ_WRITE);
            case CREATING -> {
                adopt(vm, ExportMode.READ_WRITE);
                if (vm.hasVmm()) {
                    lifecycle.awaitGuestInBackground(vm);
                }
            }
            case ARRIVING, GIVEN -> {
                try {
                    vm.adopt(
                            record.phase() == VmRecord.Phase.ARRIVING
                                    ? ExportMode.BEFORE_COMMIT
                                    : ExportMode.READ_WRITE);
                } catch (IOException e) {
                    log.warn("vm {} ({}): its VMM is gone: {}", record.id(), record.phase(), e.getMessage());
                }
            }
            case STOPPED, LOST -> log.info("vm {} ({}) has no VMM; its disk is here", record.id(), record.phase());
        }
    }

    private void adopt(HostedVm vm, ExportMode mode) throws IOException {
        try {
            vm.adopt(mode);
            log.info(
                    "vm {} ({}) is taken back, process {}",
                    vm.id(),
                    vm.record().name(),
                    vm.vmm().pid());
        } catch (IOException e) {
            vm.enter(VmRecord.Phase.LOST);
            parts.events()
                    .append(
                            EventType.LOST,
                            vm.id(),
                            "The VMM of VM " + vm.record().name() + " was gone when hostd started: " + e.getMessage());
        }
    }

    /** The VM of an open move of which nothing is left here: it can't run, and there is nothing to remove. */
    static VmPort absent(String vmId) {
        return new VmPort() {
            @Override
            public void pause() throws IOException {
                throw gone();
            }

            @Override
            public void resume(long fence) throws IOException {
                throw gone();
            }

            @Override
            public void saveState(Path listeningSocket) throws IOException {
                throw gone();
            }

            @Override
            public void discard() {
                log.info("vm {}: nothing of it is left on this host", vmId);
            }

            private IOException gone() {
                return new IOException("nothing of vm " + vmId + " is left on this host");
            }
        };
    }
}
