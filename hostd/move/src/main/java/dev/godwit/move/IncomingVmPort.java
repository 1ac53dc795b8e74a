package dev.godwit.move;

import java.io.IOException;

/** The VM at the target, while it comes in. Every call may be repeated without harm. */
public interface IncomingVmPort {
    /** Sets aside what the VM needs, or says in a sentence what lacks. */
    void reserve(Reservation reservation) throws ReservationRefused, IOException;

    /** Starts the incoming VMM and opens the volumes for the stream. */
    void prepare(Reservation reservation) throws IOException;

    /** Returns when every page and block that the seal names is applied and its digest agrees. */
    void verify(Reservation reservation) throws IOException;

    /** Returns when the device state is loaded and the guest is ready to run. */
    void loadState(Reservation reservation) throws IOException;

    /** Whether a copy with its device state loaded, ready to run or running, is here. Asked after a restart of hostd. */
    boolean isLoaded(Reservation reservation) throws IOException;

    /**
     * Whether the copy is known to be gone: its process has ended, or it was never here. False is no promise: one that
     * does not answer, or that hostd has not taken back yet, may still run.
     */
    boolean isGone(Reservation reservation);

    /**
     * Lets the guest run under this fence: exports open for it, the guest goes on, its address is announced. Returns
     * quietly when it runs already. Called only after the ownership record was seen to name this host with it.
     *
     * @return CLOCK_MONOTONIC nanoseconds when it ran
     */
    long resume(Reservation reservation, long fence) throws IOException;

    /** Ends the incoming copy and gives back what was set aside; returns when it is gone. */
    void discard(Reservation reservation) throws IOException;
}
