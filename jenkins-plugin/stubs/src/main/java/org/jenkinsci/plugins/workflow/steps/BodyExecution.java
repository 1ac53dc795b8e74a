package org.jenkinsci.plugins.workflow.steps;

import java.io.Serializable;
import java.util.concurrent.Future;

/** Signature of {@code org.jenkinsci.plugins.workflow.steps.BodyExecution}: the members that the plugin uses. */
public abstract class BodyExecution implements Future<Object>, Serializable {}
