package dev.godwit.vmm;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * One running VMM process. It outlives hostd; {@link #close} lets go of it without ending it.
 *
 * <p>Commands block the calling thread (a virtual thread is fine) and fail with an {@link IOException} whose message says
 * what was tried, on which VM, and what the VMM answered. Thread-safe.
 */
public interface Vmm extends AutoCloseable {
    /** What the VMM says of its guest. */
    enum Status {
        RUNNING,
        PAUSED,
        /** Waits for device state. */
        INCOMING,
        /** The device state was saved, or a save failed at its end; {@code resume} makes it run again here. */
        SAVED,
        /** The disk failed and the guest waits with its requests; it can be moved, and {@code resume} tries them again. */
        IO_ERROR,
        SHUTDOWN,
        /** Alive but in no state of use (internal error, guest panicked). */
        FAILED
    }

    /** Something the VMM said by itself: {@code STOP}, {@code RESUME}, {@code BLOCK_IO_ERROR}, {@code SHUTDOWN}, ... */
    record Event(String name, String detailJson) {}

    /** The process id. */
    long pid();

    /** The guest's RAM. */
    GuestMemory memory();

    /** Polled from the VMM. */
    Status status() throws IOException;

    /**
     * Whether a guest in {@link Status#IO_ERROR} waits for room: false when its disk failed otherwise, and trying again
     * may lose what the guest takes for written.
     */
    boolean diskIsFull() throws IOException;

    /**
     * Pauses the guest; one that waits for its disk ({@link Status#IO_ERROR}) stays so. Returns when all requests in flight are answered and the disk is flushed.
     *
     * @throws IOException the disk did not answer in time: the guest may still pause later; {@link #resume} it when the
     *     disk answers
     */
    void pause() throws IOException;

    /** Lets the guest run; returns when it does. Right after {@link #saveState} too. */
    void resume() throws IOException;

    /**
     * Writes the paused guest's device state (never its RAM) to a unix stream socket that somebody listens on; returns
     * when the VMM says completed. Read it eagerly, at most some MiB, and hold it elsewhere: while a reader stalls, the
     * VMM's main loop hangs.
     *
     * @param listeningSocket the VMM's user is given it and must be able to reach it: best beside {@link #guestSocket}
     * @throws IOException it failed or took longer than {@code timeout}; the guest is paused and {@link #resume} works
     */
    void saveState(Path listeningSocket, Duration timeout) throws IOException;

    /**
     * Makes an incoming VMM listen for device state on a unix socket it creates; returns when it listens. One connection
     * is taken; if it breaks, the VMM ends.
     *
     * @param socket in the folder of {@link #guestSocket}, the only one that the VMM can write
     */
    void acceptState(Path socket) throws IOException;

    /**
     * Waits until the device state is loaded and the guest is ready to {@link #resume}.
     *
     * @throws IOException no complete state in time, or the VMM refused it and ended; the message has its words
     */
    void awaitLoaded(Duration timeout) throws IOException;

    /** Makes the guest's NIC announce its address on the segment (RARP/gratuitous ARP); after a move. */
    void announce() throws IOException;

    /** CPU features as the guest reads them, one word a flag, sorted; compared by a target in RESERVE. */
    String cpuFeatures() throws IOException;

    /**
     * Ends the VMM process: quit, then SIGKILL after {@code grace}. Returns when it is gone and with it its control group,
     * run directory (console log too) and RAM file; call it also for a VMM that went by itself. A second call does nothing.
     */
    void end(Duration grace) throws IOException;

    /** The unix socket of the channel to guestd. */
    Path guestSocket();

    /**
     * Serial console log; the guest fills it, so it is cut off at 64 MiB. The VMM's user can put something else in its
     * place: open it as {@link dev.godwit.linux.ForeignFile} does.
     */
    Path consoleLog();

    /** Completes when the process is gone, however it went. */
    CompletableFuture<Void> exited();

    /** Calls {@code listener} for each event, in order, on one thread. */
    void onEvent(Consumer<Event> listener);

    @Override
    void close();
}
