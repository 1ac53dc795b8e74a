package dev.godwit.fleet;

/**
 * A VM that is about to exist.
 *
 * @param name unique in the fleet
 * @param address its fleet-wide IPv4 address, unique in the fleet; empty for none
 * @param detail what the daemon wants every host to know of it, opaque here, at most {@link #DETAIL_CHARS_MOST}
 */
public record NewOwnership(String vmId, String name, String owner, String address, String detail) {
    /** Records are read whole in lists, and etcd refuses requests above 1.5 MiB. */
    public static final int DETAIL_CHARS_MOST = 65_536;

    public NewOwnership {
        Names.requireId("vm id", vmId);
        Names.requireId("vm name", name);
        Names.requireId("host id", owner);
        if (!address.isEmpty()) {
            Ipv4.parse(address);
        }
        if (detail.length() > DETAIL_CHARS_MOST) {
            throw new IllegalArgumentException(
                    "detail of vm " + vmId + " has " + detail.length() + " characters, most is " + DETAIL_CHARS_MOST);
        }
    }
}
