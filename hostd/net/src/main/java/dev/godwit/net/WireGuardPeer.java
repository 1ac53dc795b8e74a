package dev.godwit.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Another host behind a tunnel.
 *
 * @param publicKey 32 bytes in base64
 * @param inside its address in the tunnel; the only one it may speak as, and what locations name it by
 * @param endpoint where its tunnel ends now; it may roam
 */
public record WireGuardPeer(String publicKey, InetAddress inside, InetSocketAddress endpoint) {
    public WireGuardPeer {
        publicKey = WireGuardUnderlay.requireKey(publicKey, "public key");
        inside = Addresses.station(inside, "the address inside the tunnel");
        if (endpoint.isUnresolved()) {
            throw new IllegalArgumentException("the endpoint " + endpoint + " is a name, not an address");
        }
    }
}
