package dev.godwit.edge;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * An address range.
 *
 * @param network its first address
 * @param bits how many leading bits are the same
 */
public record Prefix(InetAddress network, int bits) {
    public Prefix {
        byte[] address = network.getAddress();
        if (bits < 0 || bits > address.length * 8) {
            throw new IllegalArgumentException("prefix length " + bits + " of " + network.getHostAddress()
                    + " is not between 0 and " + address.length * 8);
        }
        for (int i = 0; i < address.length; i++) {
            int kept = Math.clamp(bits - i * 8L, 0, 8);
            if ((address[i] & 0xff >> kept) != 0) {
                throw new IllegalArgumentException(
                        network.getHostAddress() + "/" + bits + " has bits behind its prefix");
            }
        }
    }

    /** Whether an address of the same family lies in it. */
    public boolean contains(InetAddress address) {
        byte[] ours = network.getAddress();
        byte[] other = address.getAddress();
        if (ours.length != other.length) {
            return false;
        }
        for (int i = 0; i < ours.length; i++) {
            int kept = Math.clamp(bits - i * 8L, 0, 8);
            if (((ours[i] ^ other[i]) & 0xff00 >> kept & 0xff) != 0) {
                return false;
            }
        }
        return true;
    }

    boolean isV4() {
        return network instanceof Inet4Address;
    }

    @Override
    public String toString() {
        return network.getHostAddress() + "/" + bits;
    }
}
