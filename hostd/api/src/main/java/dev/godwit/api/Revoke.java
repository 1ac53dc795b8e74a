package dev.godwit.api;

/**
 * Asks that certificates be taken no longer.
 *
 * @param subject {@code ROLE/NAME}: all that were issued to it until now; or the serial number of one, hex
 */
public record Revoke(String subject) {
    public Revoke {
        Require.reference("subject", subject);
    }
}
