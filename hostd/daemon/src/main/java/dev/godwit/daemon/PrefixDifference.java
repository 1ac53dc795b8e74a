package dev.godwit.daemon;

import dev.godwit.net.Prefix;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** One range of addresses without another. */
final class PrefixDifference {
    private PrefixDifference() {}

    /** What is left of {@code from}: itself where they have nothing in common, at most a range for each bit between. */
    static List<Prefix> of(Prefix from, Prefix without) {
        if (without.covers(from)) {
            return List.of();
        }
        if (!from.covers(without)) {
            return List.of(from);
        }
        List<Prefix> left = new ArrayList<>();
        for (int bit = from.length(); bit < without.length(); bit++) {
            left.add(sibling(without, bit));
        }
        return left;
    }

    /** The range of {@code bit + 1} bits that differs from {@code prefix} in its last one. */
    private static Prefix sibling(Prefix prefix, int bit) {
        byte[] octets = prefix.address().getAddress();
        octets[bit / Byte.SIZE] ^= (byte) (1 << (Byte.SIZE - 1 - bit % Byte.SIZE));
        for (int zero = bit + 1; zero < octets.length * Byte.SIZE; zero++) {
            octets[zero / Byte.SIZE] &= (byte) ~(1 << (Byte.SIZE - 1 - zero % Byte.SIZE));
        }
        try {
            return new Prefix(InetAddress.getByAddress(octets), bit + 1);
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("an address of " + octets.length + " bytes", impossible);
        }
    }
}
