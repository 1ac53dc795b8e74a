package hudson.model;

import hudson.security.AccessControlled;

/** Simulated. */
public abstract class AbstractCIBase extends Node implements AccessControlled {
    @Override
    public String getNodeName() {
        return "";
    }
}
