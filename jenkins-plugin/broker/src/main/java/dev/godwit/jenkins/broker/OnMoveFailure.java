package dev.godwit.jenkins.broker;

/** What a build that loses its VM gets; the plugin acts on it. */
public enum OnMoveFailure {
    /** The node stays for a while: a pipeline may still find it again. */
    KEEP_WAITING,
    /** Exactly this build is queued again. */
    RESUBMIT,
    /** The build fails with the cause. */
    FAIL
}
