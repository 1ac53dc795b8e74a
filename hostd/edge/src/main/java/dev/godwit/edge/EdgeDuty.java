package dev.godwit.edge;

import java.io.IOException;

/** What the holder of the seat does. {@link EdgeElection} calls it in this order, never two at once but where said. */
public interface EdgeDuty {
    /**
     * Loads the state of the connections, while nothing can pass. May take seconds.
     *
     * @param taken the seat; nothing is to be loaded where this edge itself was the last to speak
     */
    void load(EdgeSeat.Taken taken) throws IOException;

    /**
     * Opens the way for packets, or holds it open longer; it shuts by itself. Quick; called while others of these run.
     *
     * @param bootNanos a moment of CLOCK_BOOTTIME
     */
    void speakUntil(long bootNanos) throws IOException;

    /** Makes the world send to this edge. May take seconds. */
    void claim() throws IOException;

    /** Shuts the way for packets at once. Quick; called while others of these run. */
    void silence();

    /** What is to be undone after {@link #silence}. May take seconds. */
    void standDown();
}
