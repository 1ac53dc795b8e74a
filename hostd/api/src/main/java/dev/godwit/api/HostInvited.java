package dev.godwit.api;

import java.time.Instant;

/**
 * An invitation for one host, good once.
 *
 * @param token one word for {@code godwit host join}; secret until it is used
 * @param fingerprint SHA-256 of the authority's certificate, hex
 */
public record HostInvited(String host, String token, Instant expires, String fingerprint) {}
