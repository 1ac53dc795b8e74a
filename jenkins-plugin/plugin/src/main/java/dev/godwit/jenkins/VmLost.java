package dev.godwit.jenkins;

import java.util.Objects;
import jenkins.model.CauseOfInterruption;

/** A build was interrupted since its VM is gone: not the build's failure. A pipeline's retry and a merge queue look for it. */
public class VmLost extends CauseOfInterruption {
    private static final long serialVersionUID = 1L;

    private final String node;
    private final String cause;

    VmLost(String node, String cause) {
        this.node = node;
        this.cause = cause;
    }

    public String getNode() {
        return node;
    }

    public String getCause() {
        return cause;
    }

    @Override
    public String getShortDescription() {
        return "Godwit: the VM of " + node + " is lost: " + cause;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof VmLost lost && lost.node.equals(node) && lost.cause.equals(cause);
    }

    @Override
    public int hashCode() {
        return Objects.hash(node, cause);
    }
}
