package dev.godwit.fleet;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Dotted IPv4 addresses as numbers, without any name look-up. */
final class Ipv4 {
    private static final Pattern DOTTED = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");

    private Ipv4() {}

    static long parse(String address) {
        Matcher m = DOTTED.matcher(address);
        if (!m.matches()) {
            throw new IllegalArgumentException("'" + address + "' is not a dotted IPv4 address");
        }
        long value = 0;
        for (int i = 1; i <= 4; i++) {
            int octet = Integer.parseInt(m.group(i));
            if (octet > 255) {
                throw new IllegalArgumentException("'" + address + "' has the octet " + octet + ", most is 255");
            }
            value = value << 8 | octet;
        }
        return value;
    }

    static String format(long value) {
        return (value >> 24 & 255) + "." + (value >> 16 & 255) + "." + (value >> 8 & 255) + "." + (value & 255);
    }
}
