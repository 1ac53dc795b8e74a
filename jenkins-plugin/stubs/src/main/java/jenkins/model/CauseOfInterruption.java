package jenkins.model;

import java.io.Serializable;

/** Signature of {@code jenkins.model.CauseOfInterruption}: the members that the plugin uses. */
public abstract class CauseOfInterruption implements Serializable {
    public abstract String getShortDescription();
}
