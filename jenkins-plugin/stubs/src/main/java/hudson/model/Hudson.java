package hudson.model;

import jenkins.model.Jenkins;

/** Signature of {@code hudson.model.Hudson}: the members that the plugin uses. */
public class Hudson extends Jenkins {
    /** Signature of the nested type. */
    public static class CloudList extends Jenkins.CloudList {}
}
