package dev.godwit.lab;

import java.net.URI;
import java.util.Optional;

/**
 * Where a host of the lab answers.
 *
 * @param number 1 to 200; the hosts of one lab have different ones
 * @param peer IPv4 address of {@code peer0}, which carries the peer wire only
 * @param ctl IPv4 address of {@code ctl0}, for REST, fleet store and metadata
 * @param underlay IPv4 address of {@code net0}, which carries the VMs' packets from host to host, where it has one
 */
public record HostAddress(int number, String peer, String ctl, Optional<String> underlay) {
    private static final int PEER_PORT = 7800;
    private static final int REST_PORT = 7700;

    public HostAddress {
        if (number < 1 || number > 200) {
            throw new IllegalArgumentException("host number " + number + " is not between 1 and 200");
        }
    }

    public String peerEndpoint() {
        return peer + ":" + PEER_PORT;
    }

    /** Where clients reach its hostd. */
    public URI url() {
        return URI.create("https://" + restEndpoint());
    }

    public String restEndpoint() {
        return ctl + ":" + REST_PORT;
    }
}
