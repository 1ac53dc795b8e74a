package org.kohsuke.stapler;

/** Signature of {@code org.kohsuke.stapler.HttpResponses}: the members that the plugin uses. */
public class HttpResponses {}
