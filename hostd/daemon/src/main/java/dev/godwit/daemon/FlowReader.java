package dev.godwit.daemon;

import dev.godwit.api.Flow;
import java.time.Duration;
import java.util.List;

/** Follows what happens to the flows of one VM. Used by one thread. */
interface FlowReader extends AutoCloseable {
    /**
     * What came since the last call.
     *
     * @param gap before the first of these some were not kept: they came faster than they were read
     * @param gone the VM is not at this host any more; these are the last
     */
    record Flows(List<Flow> flows, boolean gap, boolean gone) {}

    /** Waits for at least one, and at most so long. */
    Flows next(Duration atMost) throws InterruptedException;

    @Override
    void close();
}
