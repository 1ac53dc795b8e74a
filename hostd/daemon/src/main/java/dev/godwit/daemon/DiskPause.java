package dev.godwit.daemon;

import dev.godwit.api.EventType;
import dev.godwit.vmm.Vmm;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A guest that stands still because its disk could not be written: goes on when there is room again. Thread-safe. */
final class DiskPause {
    private static final Logger log = LoggerFactory.getLogger(DiskPause.class);
    /** How often the room is looked at; an operator who makes room sees the build go on within it. */
    private static final Duration LOOK_EVERY = Duration.ofSeconds(2);
    /** Less than this fills up again before anybody notices. */
    private static final long ROOM_BYTES = 64L << 20;

    private final HostedVm vm;
    private final HostParts parts;
    private final AtomicBoolean watching = new AtomicBoolean();

    DiskPause(HostedVm vm, HostParts parts) {
        this.vm = vm;
        this.parts = parts;
    }

    /** Waits for room on a thread of its own, and reports the pause; once, however many requests fail together. */
    void begin(String detailJson) {
        if (!watching.compareAndSet(false, true)) {
            return;
        }
        Thread.ofVirtual().name("disk-pause-" + vm.id()).start(this::waitForRoom);
        parts.events()
                .append(
                        EventType.PAUSED,
                        vm.id(),
                        "VM " + vm.record().name() + " stands still: its disk could not be written (" + detailJson
                                + "); it goes on by itself when "
                                + parts.paths().state() + " has "
                                + (ROOM_BYTES >> 20) + " MiB free");
    }

    private void waitForRoom() {
        try {
            do {
                Thread.sleep(LOOK_EVERY);
            } while (vm.hasVmm() && !goesOn());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            watching.set(false);
        }
    }

    /** A VMM that does not answer now is asked again: nobody else would let the guest go on. */
    private boolean goesOn() {
        try {
            if (vm.vmm().status() != Vmm.Status.IO_ERROR) {
                return true;
            }
            if (vm.record().phase() == VmRecord.Phase.RUNNING
                    && Files.getFileStore(parts.paths().state()).getUsableSpace() >= ROOM_BYTES) {
                vm.vmm().resume();
                parts.events()
                        .append(
                                EventType.RUNNING,
                                vm.id(),
                                "VM " + vm.record().name() + " goes on: its disk has room again");
                return true;
            }
        } catch (IOException e) {
            log.warn("vm {} stands still because of its disk, and is looked at again: {}", vm.id(), e.getMessage());
        }
        return false;
    }
}
