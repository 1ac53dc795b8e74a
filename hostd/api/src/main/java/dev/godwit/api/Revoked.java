package dev.godwit.api;

import java.time.Instant;

/**
 * Certificates that are taken no longer.
 *
 * @param subject {@code ROLE/NAME}: all that were issued to it until {@code at}; or the serial number of one, hex
 */
public record Revoked(String subject, Instant at) {}
