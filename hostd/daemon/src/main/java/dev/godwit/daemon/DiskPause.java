package dev.godwit.daemon;

import dev.godwit.api.EventType;
import dev.godwit.vmm.Vmm;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A guest that stands still because its disk could not be written: goes on when there is room again. */
final class DiskPause {
    private static final Logger log = LoggerFactory.getLogger(DiskPause.class);
    /** How often the room is looked at; an operator who makes room sees the build go on within it. */
    private static final Duration LOOK_EVERY = Duration.ofSeconds(2);
    /** Less than this fills up again before anybody notices. */
    private static final long ROOM_BYTES = 64L << 20;

    private final HostedVm vm;
    private final HostParts parts;

    DiskPause(HostedVm vm, HostParts parts) {
        this.vm = vm;
        this.parts = parts;
    }

    /** Reports the pause, and waits for room on a thread of its own. */
    void begin(String detailJson) {
        parts.events()
                .append(
                        EventType.PAUSED,
                        vm.id(),
                        "VM " + vm.record().name() + " stands still: its disk could not be written (" + detailJson
                                + "); it goes on by itself when "
                                + parts.paths().state() + " has "
                                + (ROOM_BYTES >> 20) + " MiB free");
        Thread.ofVirtual().name("disk-pause-" + vm.id()).start(this::waitForRoom);
    }

    private void waitForRoom() {
        try {
            while (vm.hasVmm() && vm.vmm().status() == Vmm.Status.IO_ERROR) {
                Thread.sleep(LOOK_EVERY);
                if (Files.getFileStore(parts.paths().state()).getUsableSpace() >= ROOM_BYTES
                        && vm.record().phase() == VmRecord.Phase.RUNNING
                        && vm.vmm().status() == Vmm.Status.IO_ERROR) {
                    vm.vmm().resume();
                    parts.events()
                            .append(
                                    EventType.RUNNING,
                                    vm.id(),
                                    "VM " + vm.record().name() + " goes on: its disk has room again");
                }
            }
        } catch (IOException e) {
            log.warn("vm {} stands still because of its disk and can't be watched: {}", vm.id(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
