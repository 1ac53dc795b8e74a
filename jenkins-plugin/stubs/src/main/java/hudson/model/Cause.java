package hudson.model;

/** Signature of {@code hudson.model.Cause}: the members that the plugin uses. */
public abstract class Cause {
    public abstract String getShortDescription();
}
