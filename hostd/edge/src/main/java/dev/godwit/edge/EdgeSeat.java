package dev.godwit.edge;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The one seat of a pair of edges: who has it may speak for the public addresses. Kept where all edges see it, changed by
 * compare-and-set only. Thread-safe.
 */
public interface EdgeSeat {
    /**
     * The seat, taken.
     *
     * @param fence grows by one at every taking
     * @param previousHolder the edge that had it before; empty: none ever had
     */
    record Taken(long fence, String previousHolder) {}

    /**
     * Takes the seat if it is free: nobody has it, its holder left, its holder did not renew it for the whole time to
     * live, or the holder is this edge itself (it was restarted).
     *
     * @param ttl how long it is the caller's from the moment of writing
     * @return empty: another edge has it
     * @throws IOException it is not known whether it was taken
     */
    Optional<Taken> take(String edgeId, Duration ttl) throws IOException;

    /**
     * Holds the seat for another {@code ttl}.
     *
     * @return false: another edge has it, or may take it at any moment; it is to be taken again
     * @throws IOException it is not known whether it was renewed
     */
    boolean renew(String edgeId, long fence, Duration ttl) throws IOException;

    /** Frees the seat at once, if it still is this edge's under this fence. */
    void leave(String edgeId, long fence) throws IOException;
}
