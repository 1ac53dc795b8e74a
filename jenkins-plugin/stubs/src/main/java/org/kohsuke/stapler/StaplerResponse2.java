package org.kohsuke.stapler;

/** Signature of {@code org.kohsuke.stapler.StaplerResponse2}: the members that the plugin uses. */
public interface StaplerResponse2 {}
