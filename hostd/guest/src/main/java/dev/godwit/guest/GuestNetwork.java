package dev.godwit.guest;

import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The network card of a guest. The card with the MAC is set, or the guest's first card takes the MAC; other addresses on it go.
 *
 * @param mac six bytes as {@code 52:54:00:12:34:56}
 * @param mtu 68 to 65535
 * @param gateways at most one an address family
 */
public record GuestNetwork(
        String mac, int mtu, List<Address> addresses, List<InetAddress> gateways, Optional<InetAddress> nameserver) {
    private static final int ADDRESSES_MAX = 4;

    /** An address and the length of its network's prefix. */
    public record Address(InetAddress address, int prefix) {
        public Address {
            int bits = address.getAddress().length * 8;
            if (prefix < 0 || prefix > bits) {
                throw new IllegalArgumentException("prefix " + prefix + " of " + address + " is not 0 to " + bits);
            }
        }
    }

    public GuestNetwork {
        if (!mac.matches("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")) {
            throw new IllegalArgumentException("MAC '" + mac + "' is not six bytes like 52:54:00:12:34:56");
        }
        if (mtu < 68 || mtu > 65535) {
            throw new IllegalArgumentException("MTU " + mtu + " is not within 68 to 65535");
        }
        if (addresses.size() > ADDRESSES_MAX || gateways.size() > ADDRESSES_MAX) {
            throw new IllegalArgumentException(
                    addresses.size() + " addresses or " + gateways.size() + " gateways are more than " + ADDRESSES_MAX);
        }
        addresses = List.copyOf(addresses);
        gateways = List.copyOf(gateways);
    }

    void write(Payload payload) {
        payload.bytes(HexFormat.ofDelimiter(":").parseHex(mac)).u32(mtu).u8(addresses.size());
        addresses.forEach(each -> payload.u8(each.prefix()).bytes(each.address().getAddress()));
        payload.u8(gateways.size());
        gateways.forEach(each -> payload.u8(0).bytes(each.getAddress()));
        payload.string(nameserver.map(InetAddress::getHostAddress).orElse(""));
    }
}
