package dev.godwit.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The lab's three segments, each a bridge in this process's network namespace: {@code br-peer} carries the peer wire and
 * nothing else, {@code br-ctl} REST, fleet store and metadata, {@code br-vm} the VMs and the outside client. The
 * namespace is private to the process, so the addresses are the same in every lab, and nothing is left when it ends.
 */
public final class LabNetwork implements AutoCloseable {
    /** Address of the lab on the control segment. */
    public static final String LAB_CTL = "10.78.0.1";
    /** Address of the outside client, and the VMs' gateway. */
    public static final String CLIENT = "10.77.0.1";

    public static final String VM_SUBNET = "10.77.0.0/24";

    private LabNetwork() {}

    /**
     * Makes the bridges.
     *
     * @throws LabException if this process still is in the machine's own network namespace
     */
    public static LabNetwork open() {
        if (!isPrivate()) {
            throw new LabException("the lab would change this machine's own network;"
                    + " run it by script/demo, or as 'unshare --net java ...'");
        }
        ip("""
                link set lo up
                link add br-peer type bridge forward_delay 0 stp_state 0 mcast_snooping 0
                link add br-ctl type bridge forward_delay 0 stp_state 0 mcast_snooping 0
                link add br-vm type bridge forward_delay 0 stp_state 0 mcast_snooping 0
                address add %s/24 dev br-ctl
                address add %s/24 dev br-vm
                link set br-peer up
                link set br-ctl up
                link set br-vm up
                """.formatted(LAB_CTL, CLIENT));
        return new LabNetwork();
    }

    /** Plugs a machine in: {@code peer0}, {@code ctl0}, and its bridge {@code br-vm} with a port to the lab's. */
    public void attach(HostNamespaces machine, HostAddress address) {
        String port = machine.name();
        ip("""
                link add p-%1$s master br-peer type veth peer name peer0 netns %2$d
                link add c-%1$s master br-ctl type veth peer name ctl0 netns %2$d
                link add v-%1$s master br-vm type veth peer name vm0 netns %2$d
                link set p-%1$s up
                link set c-%1$s up
                link set v-%1$s up
                """.formatted(port, machine.initPid()));
        Command.of("ip", "-batch", "-")
                .withInput("""
                        link set lo up
                        link add br-vm type bridge forward_delay 0 stp_state 0 mcast_snooping 0
                        link set vm0 master br-vm
                        address add %s/24 dev peer0
                        address add %s/24 dev ctl0
                        link set peer0 address %s
                        link set ctl0 address %s
                        link set peer0 up
                        link set ctl0 up
                        link set vm0 up
                        link set br-vm up
                        """.formatted(address.peer(), address.ctl(), address.peerMac(), address.ctlMac()))
                .behind(machine.networkEntry())
                .run();
    }

    /** Takes a machine's ports out; the kernel would do so some time after its end. */
    public void detach(String machine) {
        // Each may have gone by itself between the look and the deletion: that is what is wanted.
        Command.of("ip", "-force", "-batch", "-")
                .withInput("""
                        link del p-%1$s
                        link del c-%1$s
                        link del v-%1$s
                        """.formatted(machine))
                .tryRun();
    }

    /** Cuts or mends a machine's peer link. */
    public void peerLink(HostNamespaces machine, boolean up) {
        ip("link set p-" + machine.name() + (up ? " up\n" : " down\n"));
    }

    /** Bytes that a machine has sent over its peer link. */
    public long peerBytesSent(HostNamespaces machine) {
        // What the lab's end of the veth receives is what the machine's end sent.
        try {
            Path counter = Path.of("/proc/" + machine.initPid() + "/root/sys/class/net/peer0/statistics/tx_bytes");
            return Long.parseLong(Files.readString(counter).strip());
        } catch (IOException e) {
            throw new LabException("the bytes on peer0 of " + machine.name() + " can't be read: " + e.getMessage(), e);
        }
    }

    /** Removes the bridges; the ports go with the machines. */
    @Override
    public void close() {
        ip("""
                link del br-peer
                link del br-ctl
                link del br-vm
                """);
    }

    /** Whether no network of the machine is in sight: nothing but loopback is up in this process's namespace. */
    static boolean isPrivate() {
        return Command.of("ip", "-o", "link", "show", "up").run().lines().allMatch(line -> line.contains(": lo: "));
    }

    private static void ip(String batch) {
        Command.of("ip", "-batch", "-").withInput(batch).run();
    }
}
