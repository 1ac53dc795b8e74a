package hudson.slaves;

/** Signature of {@code hudson.slaves.OfflineCause}: the members that the plugin uses. */
public abstract class OfflineCause {}
