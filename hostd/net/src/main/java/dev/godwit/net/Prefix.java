package dev.godwit.net;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * A range of addresses, like {@code 10.0.0.0/8}.
 *
 * @param address with zero bits after the prefix
 * @param length in bits of the address's own family
 */
public record Prefix(InetAddress address, int length) {
    /** All of IPv4. */
    public static final Prefix ALL_V4 = parse("0.0.0.0/0");
    /** All of IPv6. */
    public static final Prefix ALL_V6 = parse("::/0");

    public Prefix {
        address = Addresses.of(Addresses.mapped(address));
        int bits = address.getAddress().length * 8;
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException("prefix length " + length + " is not between 0 and " + bits);
        }
        byte[] octets = address.getAddress();
        for (int bit = length; bit < bits; bit++) {
            if ((octets[bit / 8] >> (7 - bit % 8) & 1) != 0) {
                throw new IllegalArgumentException(
                        address.getHostAddress() + "/" + length + " has bits set after its prefix");
            }
        }
    }

    /** Reads {@code 10.0.0.0/8}; an address alone is a range of one. */
    public static Prefix parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = Addresses.literal(slash < 0 ? text : text.substring(0, slash));
        if (slash < 0) {
            return of(address);
        }
        try {
            return new Prefix(address, Integer.parseInt(text.substring(slash + 1)));
        } catch (NumberFormatException malformed) {
            throw new IllegalArgumentException("'" + text + "' is no prefix like 10.0.0.0/8", malformed);
        }
    }

    /** The range of one address. */
    public static Prefix of(InetAddress address) {
        return new Prefix(address, address.getAddress().length * 8);
    }

    /** Whether every address of {@code other} is one of this range. */
    public boolean covers(Prefix other) {
        return isV4() == other.isV4()
                && length <= other.length
                && truncate(other.address, length).equals(this);
    }

    /** Whether {@code address} is one of this range. */
    public boolean covers(InetAddress other) {
        return covers(of(other));
    }

    boolean isV4() {
        return address instanceof Inet4Address;
    }

    /** Its length when IPv4 is written as {@code ::ffff:a.b.c.d}. */
    int mappedLength() {
        return isV4() ? Addresses.V4_BITS_BEFORE + length : length;
    }

    private static Prefix truncate(InetAddress address, int length) {
        byte[] octets = address.getAddress();
        for (int bit = length; bit < octets.length * 8; bit++) {
            octets[bit / 8] &= (byte) ~(1 << (7 - bit % 8));
        }
        try {
            return new Prefix(InetAddress.getByAddress(octets), length);
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("an address of " + octets.length + " bytes", impossible);
        }
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + length;
    }
}
