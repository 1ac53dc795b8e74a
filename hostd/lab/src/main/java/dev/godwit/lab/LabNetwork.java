package dev.godwit.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What joins the machines of a lab. Every host has {@code peer0}, which carries the peer wire and nothing else, and
 * {@code ctl0} for REST, fleet store and metadata. All of it lies in namespaces that are private to this process, so the
 * addresses are the same in every lab, and nothing is left when it ends. For one thread.
 */
public interface LabNetwork extends AutoCloseable {
    /**
     * Where a host with this number answers.
     *
     * @param number 1 to 200; the hosts of one lab have different ones
     */
    HostAddress address(int number);

    /** IPv4 address of the lab's own services: the fleet store and the metadata servers. */
    String lab();

    /** IPv4 address of the outside client. */
    String client();

    /** What hostd's file says of a host's role and of the VMs' network: whole lines of YAML. */
    String hostdLines(HostAddress address);

    /** Plugs a machine in. */
    void attach(HostNamespaces machine, HostAddress address);

    /** Gives a machine a public side, before hostd is started there. */
    default void attachPublic(HostNamespaces machine, HostAddress address) {
        throw new LabException(machine.name() + " can't be an edge in a network without an outside");
    }

    /** Takes a machine's ports out; the kernel would do so some time after its end. */
    void detach(String machine);

    /** Cuts or mends a machine's peer link. */
    void peerLink(HostNamespaces machine, boolean up);

    /** Bytes that a machine has sent over its peer link. */
    default long peerBytesSent(HostNamespaces machine) {
        try {
            Path counter = Path.of("/proc/" + machine.initPid() + "/root/sys/class/net/peer0/statistics/tx_bytes");
            return Long.parseLong(Files.readString(counter).strip());
        } catch (IOException e) {
            throw new LabException("the bytes on peer0 of " + machine.name() + " can't be read: " + e.getMessage(), e);
        }
    }

    /** Lets what joins the machines outlive this process; machines of the network's own, routers for example. */
    default List<HostNamespaces> keep() {
        return List.of();
    }

    @Override
    void close();

    /**
     * Refuses to touch the machine's own network.
     *
     * @throws LabException if this process still is in the machine's own network namespace
     */
    static void requirePrivate() {
        if (!isPrivate()) {
            throw new LabException("the lab would change this machine's own network;"
                    + " run it by script/demo, or as 'unshare --net java ...'");
        }
    }

    /** Whether no network of the machine is in sight: nothing but loopback is up in this process's namespace. */
    static boolean isPrivate() {
        return Command.of("ip", "-o", "link", "show", "up").run().lines().allMatch(line -> line.contains(": lo: "));
    }
}
