package dev.godwit.jenkins.broker;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An agent could not be started; the message is a sentence for the agent's log. Its VM, if there is one, is still to be terminated. */
public final class AgentStartFailed extends IOException {
    private static final long serialVersionUID = 1L;

    /** What stood in the way. */
    public enum Reason {
        /** hostd refused the VM: no room, unknown image, a value out of its bounds. */
        REFUSED,
        /** No hostd answered until the start's time was over. */
        UNREACHABLE,
        /** hostd answered until the time was over, and the VM or the agent was not up. */
        TIMED_OUT,
        /** The VM died, was ended or is not there any more. */
        VM_GONE,
        /** The agent's process ended instead of connecting. */
        AGENT_ENDED,
        /** The node was terminated or released meanwhile. */
        TERMINATED
    }

    private final Reason reason;

    public AgentStartFailed(Reason reason, String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
