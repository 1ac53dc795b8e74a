package org.kohsuke.stapler;

/** Signature of {@code org.kohsuke.stapler.StaplerRequest2}: the members that the plugin uses. */
public interface StaplerRequest2 {}
