package dev.godwit.jenkins;

import hudson.model.Cause;

/** A build was queued since another one of the same job lost its VM. */
public class Resubmitted extends Cause {
    private final String build;
    private final String cause;

    Resubmitted(String build, String cause) {
        this.build = build;
        this.cause = cause;
    }

    public String getBuild() {
        return build;
    }

    @Override
    public String getShortDescription() {
        return "Resubmitted by Godwit: " + build + " lost its VM: " + cause;
    }
}
