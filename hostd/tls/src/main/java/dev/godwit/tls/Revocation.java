package dev.godwit.tls;

import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.regex.Pattern;

/**
 * Certificates that are no longer taken.
 *
 * @param subject {@code ROLE/NAME}: all that were issued to it until {@code at}; or the serial number of one, in hex
 * @param at when it was revoked; what is issued later is good
 */
public record Revocation(String subject, Instant at) {
    private static final Pattern SERIAL = Pattern.compile("[0-9a-f]{16,40}");

    public Revocation {
        if (!SERIAL.matcher(subject).matches()) {
            int slash = subject.indexOf('/');
            if (slash < 0) {
                throw new IllegalArgumentException(
                        "\"" + subject
                                + "\" is neither ROLE/NAME, such as operator/alice, nor a serial number of 16 to 40 hex digits");
            }
            Role role = Role.of(subject.substring(0, slash));
            subject = new Identity("any", role, subject.substring(slash + 1)).subject();
        }
    }

    /** Whether this is about that certificate. */
    public boolean hits(Identity identity, X509Certificate certificate) {
        BigInteger serial = certificate.getSerialNumber();
        return subject.equals(Serials.text(serial))
                || subject.equals(identity.subject())
                        && !Serials.issuedAt(serial).isAfter(at);
    }
}
