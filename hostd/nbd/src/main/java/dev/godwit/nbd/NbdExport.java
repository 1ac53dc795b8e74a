package dev.godwit.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A disk under a name, bound to a VM and the fence under which its host may let the VM write. The mode may change while
 * clients are connected.
 *
 * <p>Thread-safe.
 */
public final class NbdExport {
    /** Longest name that the protocol carries. */
    static final int NAME_BYTES_MAX = 4096;
    /** A request in flight ends when the medium answers; a medium that takes longer than this is broken. */
    private static final Duration FENCE_WAIT_MAX = Duration.ofSeconds(30);

    private static final Logger log = LoggerFactory.getLogger(NbdExport.class);

    private final String name;
    private final String vm;
    private final long fence;
    private final BlockDevice device;
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicLong writesBeforeCommit = new AtomicLong();
    private volatile ExportMode mode;

    /**
     * @param name what clients ask for, 1 to 4096 bytes
     * @param vm the VM whose disk it is
     * @param fence the fence under which the VM runs, or will run, on this host
     * @param device what is served
     * @param mode what clients may do at first
     */
    public NbdExport(String name, String vm, long fence, BlockDevice device, ExportMode mode) {
        if (name.isEmpty() || name.getBytes(UTF_8).length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "export name \"" + name + "\" is not 1 to " + NAME_BYTES_MAX + " bytes long");
        }
        if (fence < 0) {
            throw new IllegalArgumentException("fence " + fence + " of export " + name + " is negative");
        }
        this.name = name;
        this.vm = vm;
        this.fence = fence;
        this.device = device;
        this.mode = mode;
    }

    /** What clients ask for. */
    public String name() {
        return name;
    }

    /** The VM whose disk it is. */
    public String vm() {
        return vm;
    }

    /** The fence it is bound to. */
    public long fence() {
        return fence;
    }

    /** What clients may do now. */
    public ExportMode mode() {
        return mode;
    }

    /** Writes that came before COMMIT and were refused: each is a bug of the move or of the VMM. */
    public long writesBeforeCommit() {
        return writesBeforeCommit.get();
    }

    /**
     * COMMIT is done and this host owns the VM: lets it write.
     *
     * @throws IllegalStateException the export does not wait for COMMIT
     */
    public synchronized void open() {
        become(ExportMode.READ_WRITE);
    }

    /**
     * Another host owns the VM: from the call's return on, no request of a client reaches the device any more. A second
     * call waits for the same.
     *
     * @throws IllegalStateException a request was still in flight after 30 s; no new one gets through
     */
    public synchronized void fenceOff() {
        if (mode != ExportMode.FENCED_OFF) {
            become(ExportMode.FENCED_OFF);
        }
        boolean interrupted = false;
        long deadline = System.nanoTime() + FENCE_WAIT_MAX.toNanos();
        while (inFlight.get() != 0) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMillis <= 0) {
                throw new IllegalStateException("fence off export " + name + " of vm " + vm + " (fence " + fence + "): "
                        + inFlight + " requests are still in flight after " + FENCE_WAIT_MAX.toSeconds()
                        + " s; the host's disk does not answer");
            }
            try {
                wait(leftMillis);
            } catch (InterruptedException stop) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void become(ExportMode next) {
        if (!mode.mayBecome(next)) {
            throw new IllegalStateException(
                    "export " + name + " of vm " + vm + " (fence " + fence + ") can't go from " + mode + " to " + next);
        }
        log.info("export {} of vm {} (fence {}): {} -> {}", name, vm, fence, mode, next);
        mode = next;
    }

    BlockDevice device() {
        return device;
    }

    /**
     * Lets a request through to the device, or says why not. {@link #leave} must follow when it does.
     *
     * @return 0, or the error for the client
     */
    int enter(boolean writes) {
        inFlight.incrementAndGet();
        // Looked at after the count: fenceOff sets the mode first, then waits for the count.
        int refusal = refusal(writes);
        if (refusal != 0) {
            leave();
        }
        return refusal;
    }

    void leave() {
        if (inFlight.decrementAndGet() == 0 && mode == ExportMode.FENCED_OFF) {
            synchronized (this) {
                notifyAll();
            }
        }
    }

    private int refusal(boolean writes) {
        return switch (mode) {
            case FENCED_OFF -> Wire.ESHUTDOWN;
            case READ_ONLY -> writes ? Wire.EPERM : 0;
            case BEFORE_COMMIT -> writes ? writeBeforeCommit() : 0;
            case READ_WRITE -> 0;
        };
    }

    private int writeBeforeCommit() {
        if (writesBeforeCommit.incrementAndGet() == 1) {
            log.error("export {} of vm {} (fence {}): a write came before COMMIT and was refused", name, vm, fence);
        }
        return Wire.EPERM;
    }

    /** What a client is told at negotiation. */
    int transmissionFlags() {
        int flags = Wire.HAS_FLAGS
                | Wire.SEND_FLUSH
                | Wire.SEND_FUA
                | Wire.SEND_TRIM
                | Wire.SEND_WRITE_ZEROES
                | Wire.SEND_DF
                | Wire.CAN_MULTI_CONN
                | Wire.SEND_FAST_ZERO;
        return mode == ExportMode.READ_ONLY ? flags | Wire.READ_ONLY : flags;
    }
}
