package dev.godwit.fleet;

import java.util.Optional;
import java.util.Set;

/**
 * A range of IPv4 addresses for VMs, {@code 10.77.0.0/24}. The first address is the subnet's own, the second the
 * gateway's, the last the broadcast's: none of them is given to a VM.
 */
public record Subnet(long firstAddress, int prefixBits) {
    public Subnet {
        if (prefixBits < 8 || prefixBits > 29) {
            throw new IllegalArgumentException("prefix /" + prefixBits + " is not between /8 and /29");
        }
        if ((firstAddress & size(prefixBits) - 1) != 0) {
            throw new IllegalArgumentException(
                    Ipv4.format(firstAddress) + "/" + prefixBits + " has bits set below its prefix");
        }
    }

    /** Reads {@code a.b.c.d/n}. */
    public static Subnet parse(String cidr) {
        int slash = cidr.indexOf('/');
        if (slash < 0 || !cidr.substring(slash + 1).matches("\\d{1,2}")) {
            throw new IllegalArgumentException("'" + cidr + "' is not an IPv4 subnet like 10.77.0.0/24");
        }
        return new Subnet(Ipv4.parse(cidr.substring(0, slash)), Integer.parseInt(cidr.substring(slash + 1)));
    }

    /** The lowest address for a VM that is not among those taken; empty if all are. */
    public Optional<String> lowestFree(Set<String> taken) {
        for (long a = firstAddress + 2; a < firstAddress + size(prefixBits) - 1; a++) {
            String address = Ipv4.format(a);
            if (!taken.contains(address)) {
                return Optional.of(address);
            }
        }
        return Optional.empty();
    }

    private static long size(int prefixBits) {
        return 1L << (32 - prefixBits);
    }

    @Override
    public String toString() {
        return Ipv4.format(firstAddress) + "/" + prefixBits;
    }
}
