package dev.godwit.edge;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * An address that the world knows.
 *
 * @param floating it goes with the seat: it is put on the active edge and is silent elsewhere. False: it is the edge
 *     host's own and stays; what fails over then is up to who routes to it
 */
public record PublicAddress(InetAddress address, boolean floating) {
    public PublicAddress {
        if (address.isAnyLocalAddress() || address.isLoopbackAddress() || address.isMulticastAddress()) {
            throw new IllegalArgumentException(address.getHostAddress() + " can't be a public address");
        }
    }

    boolean isV4() {
        return address instanceof Inet4Address;
    }
}
