package dev.godwit.lab;

/**
 * Where a host of the lab answers.
 *
 * @param number 1 to 200; the hosts of one lab have different ones
 */
public record HostAddress(int number) {
    private static final int PEER_PORT = 7800;
    private static final int REST_PORT = 7700;

    public HostAddress {
        if (number < 1 || number > 200) {
            throw new IllegalArgumentException("host number " + number + " is not between 1 and 200");
        }
    }

    /** IPv4 address on the segment that carries the peer wire only. */
    public String peer() {
        return "10.79.0." + (10 + number);
    }

    /** IPv4 address on the segment of REST, fleet store and metadata. */
    public String ctl() {
        return "10.78.0." + (10 + number);
    }

    /** Follows from the number: neighbours that knew a destroyed host reach the one at its place at once. */
    String peerMac() {
        return String.format("02:47:4f:4f:00:%02x", number);
    }

    String ctlMac() {
        return String.format("02:47:4f:4e:00:%02x", number);
    }

    public String peerEndpoint() {
        return peer() + ":" + PEER_PORT;
    }

    public String restEndpoint() {
        return ctl() + ":" + REST_PORT;
    }
}
