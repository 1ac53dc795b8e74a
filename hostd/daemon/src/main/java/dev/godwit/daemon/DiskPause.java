package dev.godwit.daemon;

import dev.godwit.api.EventType;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest that stands still because its disk could not be written. A full disk: it goes on when there is room again. A
 * disk that failed otherwise: it stays, since after a failed flush the medium may have lost what the guest takes for
 * written, and it says so once. Thread-safe.
 */
final class DiskPause {
    private static final Logger log = LoggerFactory.getLogger(DiskPause.class);
    /** How often the room is looked at; an operator who makes room sees the build go on within it. */
    static final Duration LOOK_EVERY = Duration.ofSeconds(2);

    private final WaitingGuest guest;
    private final EventLog events;
    private final Duration lookEvery;
    private final AtomicBoolean watching = new AtomicBoolean();
    /** What was said of this pause: that the disk is full, or failed. The watching thread's. */
    private @Nullable Boolean toldFull;

    DiskPause(WaitingGuest guest, EventLog events, Duration lookEvery) {
        this.guest = guest;
        this.events = events;
        this.lookEvery = lookEvery;
    }

    /** Watches the guest on a thread of its own until it no longer waits; once, however many requests fail together. */
    void begin() {
        if (watching.compareAndSet(false, true)) {
            Thread.ofVirtual().name("disk-pause-" + guest.id()).start(this::watch);
        }
    }

    private void watch() {
        boolean waits = true;
        try {
            while (waits) {
                waits = look();
                Thread.sleep(waits ? lookEvery : Duration.ZERO);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        } finally {
            toldFull = null;
            watching.set(false);
        }
        // A request may have failed between the last look and now, when nobody else began.
        if (waitsNow()) {
            begin();
        }
    }

    /** Whether the guest is to be looked at again. A VMM that does not answer is: nobody else would let the guest go on. */
    private boolean look() {
        try {
            if (!guest.waits()) {
                return false;
            }
            boolean full = guest.diskIsFull();
            if (toldFull == null || toldFull != full) {
                toldFull = full;
                tell(full);
            }
            if (full && guest.hasRoom() && guest.tryAgain()) {
                toldFull = null;
                events.append(
                        EventType.RUNNING, guest.id(), "VM " + guest.name() + " goes on: its disk has room again");
            }
        } catch (IOException e) {
            log.warn("vm {} stands still because of its disk, and is looked at again: {}", guest.id(), e.getMessage());
        }
        return true;
    }

    private void tell(boolean full) {
        events.append(
                EventType.PAUSED,
                guest.id(),
                "VM " + guest.name()
                        + (full
                                ? " stands still: its disk is full on this host; it goes on by itself when there is room"
                                : " stands still: its disk failed on this host and may have lost what the guest wrote; it"
                                        + " does not go on by itself. See hostd's log and the kernel's; restore the VM"
                                        + " from a recovery point, or remove it"));
    }

    private boolean waitsNow() {
        try {
            return guest.waits();
        } catch (IOException e) {
            log.debug("vm {} does not say whether it waits for its disk: {}", guest.id(), e.getMessage());
            return false;
        }
    }
}
