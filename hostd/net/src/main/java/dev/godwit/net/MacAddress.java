package dev.godwit.net;

import java.util.HexFormat;

/**
 * An Ethernet address of one station.
 *
 * @param bits its 48 bits, the first octet highest
 */
public record MacAddress(long bits) {
    public static final int BYTES = 6;
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");
    private static final long GROUP_BIT = 1L << 40;

    public MacAddress {
        if (bits <= 0 || bits >= 1L << 48) {
            throw new IllegalArgumentException("0x" + Long.toHexString(bits) + " is no Ethernet address of 48 bits");
        }
        if ((bits & GROUP_BIT) != 0) {
            throw new IllegalArgumentException("0x" + Long.toHexString(bits) + " is a group's Ethernet address");
        }
    }

    /** Reads {@code 02:fe:00:00:00:01}. */
    public static MacAddress parse(String text) {
        byte[] octets;
        try {
            octets = COLONS.parseHex(text);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no Ethernet address like 02:fe:00:00:00:01", malformed);
        }
        return of(octets);
    }

    /** From its six octets. */
    public static MacAddress of(byte[] octets) {
        if (octets.length != BYTES) {
            throw new IllegalArgumentException("an Ethernet address has 6 octets, not " + octets.length);
        }
        long bits = 0;
        for (byte octet : octets) {
            bits = bits << 8 | (octet & 0xff);
        }
        return new MacAddress(bits);
    }

    /** Its six octets. */
    public byte[] octets() {
        byte[] octets = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            octets[i] = (byte) (bits >> (8 * (BYTES - 1 - i)));
        }
        return octets;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return COLONS.formatHex(octets());
    }
}
