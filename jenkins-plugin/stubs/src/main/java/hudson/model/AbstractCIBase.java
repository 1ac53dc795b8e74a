package hudson.model;

import hudson.security.AccessControlled;

/** Signature of {@code hudson.model.AbstractCIBase}: the members that the plugin uses. */
public abstract class AbstractCIBase extends Node implements AccessControlled {
    public String getNodeName() {
        throw new UnsupportedOperationException();
    }
}
