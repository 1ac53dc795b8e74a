package dev.godwit.edge;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * A port of the public side that leads to a VM. In IPv4 the public address is the edge's; in IPv6 it is the VM's own, and
 * publishing opens the way to it.
 *
 * @param publicPort 1..65535
 * @param vmPort 1..65535; equal to {@code publicPort} in IPv6
 */
public record PublishedPort(Protocol protocol, InetAddress publicAddress, int publicPort, InetAddress vm, int vmPort) {
    /** What is published. */
    public enum Protocol {
        TCP,
        UDP
    }

    public PublishedPort {
        requirePort("public port", publicPort);
        requirePort("VM port", vmPort);
        if (publicAddress instanceof Inet4Address != vm instanceof Inet4Address) {
            throw new IllegalArgumentException(publicAddress.getHostAddress() + " and " + vm.getHostAddress()
                    + " are of different families; no translation leads from one to the other");
        }
        if (!(vm instanceof Inet4Address) && (!publicAddress.equals(vm) || publicPort != vmPort)) {
            throw new IllegalArgumentException("in IPv6 a VM is reached at its own address and port; "
                    + publicAddress.getHostAddress() + " port " + publicPort + " is not " + vm.getHostAddress()
                    + " port " + vmPort);
        }
    }

    private static void requirePort(String what, int port) {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException(what + " " + port + " is not between 1 and 65535");
        }
    }

    /** What only one VM can have. */
    record Place(Protocol protocol, InetAddress address, int port) {
        @Override
        public String toString() {
            return address.getHostAddress() + " " + protocol + " port " + port;
        }
    }

    Place place() {
        return new Place(protocol, publicAddress, publicPort);
    }

    boolean isV4() {
        return vm instanceof Inet4Address;
    }
}
