package dev.godwit.daemon;

import java.net.URI;

/**
 * Another living host of the fleet.
 *
 * @param restAddress {@code http://HOST:PORT} or {@code unix:PATH}
 */
public record OtherHost(String id, URI restAddress) {}
