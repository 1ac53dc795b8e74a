package hudson.model;

import hudson.ExtensionPoint;

/** Signature of {@code hudson.model.Job}: the members that the plugin uses. */
public abstract class Job<JobT extends Job<JobT, RunT>, RunT extends Run<JobT, RunT>> implements ExtensionPoint {}
