package org.jenkinsci.plugins.workflow.flow;

/** Signature of {@code org.jenkinsci.plugins.workflow.flow.FlowExecution}: the members that the plugin uses. */
public abstract class FlowExecution {}
