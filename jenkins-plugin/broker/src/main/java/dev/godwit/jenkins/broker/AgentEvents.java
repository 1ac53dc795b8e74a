package dev.godwit.jenkins.broker;

import org.jspecify.annotations.Nullable;

/**
 * What happens to agents after their start. All calls come from one thread, in order; they must not block for long. An event of
 * a node comes once.
 */
public interface AgentEvents {
    /** A move began: the node stays, takes no new task, is neither relaunched nor deleted. */
    void moving(String node, String from);

    /**
     * The VM runs on another host.
     *
     * @param pausedMillis how long the guest stood still; null where it was not measured
     */
    void moved(String node, String from, String host, @Nullable Double pausedMillis);

    /** A move did not happen; the VM runs on where it was. */
    void movedBack(String node, String host, String why);

    /** The VM is gone and what ran in it with it; the node is still to be terminated. */
    void lost(String node, String cause);

    /**
     * The agent's process ended while its VM runs on.
     *
     * @param exit its exit status, 128 + N after signal N; null where it is not known
     * @param cause a sentence with the last line it wrote
     */
    void ended(String node, @Nullable Integer exit, String cause);

    /** hostd answers again after it did not, or a refused agent template may be tried again: the queue is worth a look. */
    default void available() {}
}
