package dev.godwit.lab;

import java.util.Optional;

/**
 * Three segments that the hosts share, each a bridge in this process's network namespace: {@code br-peer}, {@code br-ctl},
 * and {@code br-vm} with the VMs and the outside client.
 */
public final class SharedSegments implements LabNetwork {
    /** Address of the lab on the control segment. */
    private static final String LAB = "10.78.0.1";
    /** Address of the outside client, and the VMs' gateway. */
    private static final String CLIENT = "10.77.0.1";

    private static final String VM_SUBNET = "10.77.0.0/24";

    private SharedSegments() {}

    /**
     * Makes the bridges.
     *
     * @throws LabException if this process still is in the machine's own network namespace
     */
    public static SharedSegments open() {
        LabNetwork.requirePrivate();
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
                """.formatted(LAB, CLIENT));
        return new SharedSegments();
    }

    @Override
    public HostAddress address(int number) {
        return new HostAddress(number, "10.79.0." + (10 + number), "10.78.0." + (10 + number), Optional.empty());
    }

    @Override
    public String lab() {
        return LAB;
    }

    @Override
    public String client() {
        return CLIENT;
    }

    @Override
    public String hostdLines(HostAddress address) {
        return """
                role: host
                vm-network:
                  bridge: br-vm
                  subnet: %s
                  gateway: %s
                """.formatted(VM_SUBNET, CLIENT);
    }

    /** Plugs a machine in: {@code peer0}, {@code ctl0}, and its bridge {@code br-vm} with a port to the lab's. */
    @Override
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
                        """.formatted(address.peer(), address.ctl(), mac(0x4f, address), mac(0x4e, address)))
                .behind(machine.networkEntry())
                .run();
    }

    /** Follows from the number: neighbours that knew a destroyed host reach the one at its place at once. */
    private static String mac(int segment, HostAddress address) {
        return String.format("02:47:4f:%02x:00:%02x", segment, address.number());
    }

    @Override
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

    @Override
    public void peerLink(HostNamespaces machine, boolean up) {
        ip("link set p-" + machine.name() + (up ? " up\n" : " down\n"));
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

    private static void ip(String batch) {
        Command.of("ip", "-batch", "-").withInput(batch).run();
    }
}
