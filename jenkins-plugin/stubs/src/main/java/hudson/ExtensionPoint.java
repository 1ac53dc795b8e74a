package hudson;

/** Signature of {@code hudson.ExtensionPoint}: the members that the plugin uses. */
public interface ExtensionPoint {}
