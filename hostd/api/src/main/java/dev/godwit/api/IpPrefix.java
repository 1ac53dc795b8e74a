package dev.godwit.api;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A range of addresses, such as {@code 10.0.0.0/8}; an address alone is a range of one. No name is ever looked up. */
record IpPrefix(InetAddress address, int bits) {
    private static final Pattern V4 = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    private static final Pattern V6 = Pattern.compile("[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*");
    private static final Pattern BITS = Pattern.compile("\\d{1,3}");

    static IpPrefix parse(String what, @Nullable String text) {
        if (text == null) {
            throw new IllegalArgumentException(what + " is missing");
        }
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        InetAddress parsed = literal(what, text, address);
        int most = parsed.getAddress().length * 8;
        if ((address.indexOf(':') >= 0) != (most == 128)) {
            throw malformed(what, text, null); // ::ffff:10.0.0.1 is an IPv4 address in disguise
        }
        if (slash >= 0 && !BITS.matcher(text.substring(slash + 1)).matches()) {
            throw malformed(what, text, null);
        }
        int bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
        Require.between("the prefix of " + what + " " + Require.shown(text), bits, 0, most);
        IpPrefix prefix = new IpPrefix(parsed, bits);
        if (!prefix.isAligned()) {
            throw new IllegalArgumentException(what + " \"" + Require.shown(text) + "\" has bits set after its prefix");
        }
        return prefix;
    }

    /** What has a colon is never looked up as a name (JDK 8 and later), and what has none is dotted numbers here. */
    private static InetAddress literal(String what, String text, String address) {
        Matcher v4 = V4.matcher(address);
        try {
            if (v4.matches()) {
                byte[] octets = new byte[4];
                for (int i = 0; i < octets.length; i++) {
                    int octet = Integer.parseInt(v4.group(i + 1));
                    if (octet > 255) {
                        throw malformed(what, text, null);
                    }
                    octets[i] = (byte) octet;
                }
                return InetAddress.getByAddress(octets);
            }
            if (V6.matcher(address).matches()) {
                return InetAddress.getByName(address);
            }
        } catch (UnknownHostException e) {
            throw malformed(what, text, e);
        }
        throw malformed(what, text, null);
    }

    private static IllegalArgumentException malformed(String what, String text, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                what + " \"" + Require.shown(text)
                        + "\" is not a range of addresses such as 10.0.0.0/8 or 2001:db8::/32",
                cause);
    }

    boolean isV4() {
        return address instanceof Inet4Address;
    }

    /** Whether every address of {@code other} is one of this range. */
    boolean covers(IpPrefix other) {
        return isV4() == other.isV4() && bits <= other.bits && sameBits(other.address.getAddress());
    }

    private boolean sameBits(byte[] others) {
        byte[] ours = address.getAddress();
        for (int bit = 0; bit < bits; bit++) {
            if (((ours[bit / 8] ^ others[bit / 8]) >> (7 - bit % 8) & 1) != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean isAligned() {
        byte[] octets = address.getAddress();
        for (int bit = bits; bit < octets.length * 8; bit++) {
            if ((octets[bit / 8] >> (7 - bit % 8) & 1) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + bits;
    }
}
