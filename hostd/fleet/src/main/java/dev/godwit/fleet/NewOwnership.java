package dev.godwit.fleet;

/**
 * A VM that is about to exist.
 *
 * @param name unique in the fleet
 * @param address its fleet-wide IPv4 address, unique in the fleet; empty for none
 * @param detail what the daemon wants every host to know of it, opaque here, at most {@link #DETAIL_CHARS_MOST}
 * @param vni number of the network that it is in, 1 to {@link #VNI_MAX}
 */
public record NewOwnership(String vmId, String name, String owner, String address, String detail, int vni) {
    /** Records are read whole in lists, and etcd refuses requests above 1.5 MiB. */
    public static final int DETAIL_CHARS_MOST = 65_536;

    /** The network of a VM that names none. */
    public static final int VNI_DEFAULT = 1;

    /** The wire's next bit says that a packet was forwarded. */
    public static final int VNI_MAX = (1 << 22) - 1;

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
        if (vni < 1 || vni > VNI_MAX) {
            throw new IllegalArgumentException(
                    "network number " + vni + " of vm " + vmId + " is not between 1 and " + VNI_MAX);
        }
    }

    /** A VM of the default network. */
    public NewOwnership(String vmId, String name, String owner, String address, String detail) {
        this(vmId, name, owner, address, detail, VNI_DEFAULT);
    }
}
