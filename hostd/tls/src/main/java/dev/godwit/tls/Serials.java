package dev.godwit.tls;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Locale;

/**
 * Serial numbers of certificates: 8 bytes milliseconds of the time of issue, 8 bytes chance (RFC 5280 4.1.2.2 allows 20). The
 * time is there because a certificate's validity begins before its issue, for clocks that go wrong, and a revocation must
 * tell what was issued before it from what was issued after.
 */
public final class Serials {
    private static final int BYTES = 16;

    private Serials() {}

    /** A new one. */
    public static BigInteger next(Instant now, SecureRandom random) {
        return new BigInteger(
                1,
                ByteBuffer.allocate(BYTES)
                        .putLong(now.toEpochMilli())
                        .putLong(random.nextLong())
                        .array());
    }

    /** When it was made; long ago for one that is not of our making, which any revocation of its subject then hits. */
    public static Instant issuedAt(BigInteger serial) {
        BigInteger millis = serial.shiftRight(Long.SIZE);
        return serial.signum() < 0 || millis.bitLength() > 50
                ? Instant.EPOCH
                : Instant.ofEpochMilli(millis.longValue());
    }

    /** Hex, with all its digits. */
    public static String text(BigInteger serial) {
        return String.format(Locale.ROOT, "%032x", serial);
    }
}
