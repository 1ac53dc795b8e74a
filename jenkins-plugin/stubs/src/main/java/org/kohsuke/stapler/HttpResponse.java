package org.kohsuke.stapler;

/** Signature of {@code org.kohsuke.stapler.HttpResponse}: the members that the plugin uses. */
public interface HttpResponse {}
