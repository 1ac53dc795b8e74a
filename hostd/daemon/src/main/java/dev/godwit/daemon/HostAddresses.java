package dev.godwit.daemon;

import dev.godwit.net.Prefix;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which addresses a name stands for, and which this machine has: VMs are kept off them. */
final class HostAddresses {
    private static final Logger log = LoggerFactory.getLogger(HostAddresses.class);

    private HostAddresses() {}

    /** Asks for all addresses of a name. */
    interface Resolver {
        InetAddress[] all(String name) throws UnknownHostException;
    }

    /**
     * All addresses of a machine that VMs must not reach.
     *
     * @param what what it is, for the log
     * @param host an address, or a name
     */
    static List<Prefix> of(String what, String host, Resolver resolver) {
        try {
            return Stream.of(resolver.all(host)).map(Prefix::of).distinct().toList();
        } catch (UnknownHostException e) {
            log.error(
                    "VMs may reach {}, {}: the name can't be resolved now ({}). Write its addresses into vm-network:"
                            + " closed, or an address in place of the name, and start hostd anew",
                    what,
                    host,
                    e.getMessage());
            return List.of();
        }
    }

    /** Every address of every interface, but those that no VM can send to from elsewhere: loopback and link-local. */
    static List<Prefix> own() {
        List<Prefix> own = new ArrayList<>();
        try {
            NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                    .map(Prefix::of)
                    .distinct()
                    .forEach(own::add);
        } catch (SocketException e) {
            log.error("VMs may reach this host's own addresses, which can't be listed: {}", e.getMessage());
        }
        return own;
    }
}
