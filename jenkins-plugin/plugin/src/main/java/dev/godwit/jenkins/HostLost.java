package dev.godwit.jenkins;

import hudson.slaves.OfflineCause;

/** A node is offline since its VM is gone. */
public class HostLost extends OfflineCause {
    private final String cause;

    HostLost(String cause) {
        this.cause = cause;
    }

    public String getCause() {
        return cause;
    }

    /** The sentence that Jenkins shows. */
    @Override
    public String toString() {
        return "The VM is lost: " + cause;
    }
}
