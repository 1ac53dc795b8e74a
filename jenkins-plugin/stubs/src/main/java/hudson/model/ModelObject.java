package hudson.model;

/** Signature of {@code hudson.model.ModelObject}: the members that the plugin uses. */
public interface ModelObject {
    String getDisplayName();
}
