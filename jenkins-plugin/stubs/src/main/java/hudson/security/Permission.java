package hudson.security;

/** Signature of {@code hudson.security.Permission}: the members that the plugin uses. */
public final class Permission {}
