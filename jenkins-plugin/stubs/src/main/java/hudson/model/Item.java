package hudson.model;

import hudson.security.AccessControlled;

/** Signature of {@code hudson.model.Item}: the members that the plugin uses. */
public interface Item extends AccessControlled {
    String getFullName();
}
