package dev.godwit.net;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Addresses as the programs keep them: 16 bytes, IPv4 as {@code ::ffff:a.b.c.d}. No name is ever looked up. */
public final class Addresses {
    static final int BYTES = 16;
    static final int V4_BITS_BEFORE = 96;
    private static final int V4_AT = 12;

    private Addresses() {}

    /**
     * An address from its text.
     *
     * @throws IllegalArgumentException it is a name or malformed
     */
    public static InetAddress literal(String text) {
        return InetAddress.ofLiteral(text);
    }

    /** The 16 bytes of an address. */
    static byte[] mapped(InetAddress address) {
        byte[] octets = address.getAddress();
        if (octets.length == BYTES) {
            return octets;
        }
        byte[] mapped = new byte[BYTES];
        mapped[10] = (byte) 0xff;
        mapped[11] = (byte) 0xff;
        System.arraycopy(octets, 0, mapped, V4_AT, octets.length);
        return mapped;
    }

    /** The address of 16 bytes; a mapped one comes back as IPv4. */
    static InetAddress of(byte[] mapped) {
        try {
            return InetAddress.getByAddress(mapped);
        } catch (UnknownHostException wrongLength) {
            throw new IllegalArgumentException("an address has 16 bytes, not " + mapped.length, wrongLength);
        }
    }

    /** Whether all bytes are zero: how the maps say that there is no address. */
    static boolean isNone(byte[] mapped) {
        for (byte octet : mapped) {
            if (octet != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Refuses what can be no station's address.
     *
     * @return the same address, without an interface's scope
     */
    static InetAddress station(InetAddress address, String what) {
        if (address.isAnyLocalAddress() || address.isMulticastAddress() || isBroadcast(address)) {
            throw new IllegalArgumentException(what + " " + address.getHostAddress() + " is no address of one station");
        }
        return of(mapped(address));
    }

    private static boolean isBroadcast(InetAddress address) {
        return address instanceof Inet4Address v4 && v4.equals(literal("255.255.255.255"));
    }
}
