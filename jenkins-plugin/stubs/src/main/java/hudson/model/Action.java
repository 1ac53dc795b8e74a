package hudson.model;

/** Signature of {@code hudson.model.Action}: the members that the plugin uses. */
public interface Action extends ModelObject {
    String getIconFileName();

    String getDisplayName();

    String getUrlName();
}
