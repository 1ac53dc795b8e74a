package hudson.model;

/** Signature of {@code hudson.model.OneOffExecutor}: the members that the plugin uses. */
public class OneOffExecutor extends Executor {}
