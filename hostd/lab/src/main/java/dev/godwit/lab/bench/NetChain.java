package dev.godwit.lab.bench;

import dev.godwit.lab.Command;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.HostNamespaces;
import dev.godwit.lab.LabException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The machines between a client and a VM, each joined to the next by a cable: client, gateway, router, host, and a VM whose
 * tap is carried by a program as a VMM carries it. What the gateway and the host do about the VM is a contender's.
 *
 * <pre>client 10.1.0.2 - 10.1.0.1 gateway 10.2.0.2 - 10.2.0.1 router 10.3.0.1 - 10.3.0.2 host - tap - VM 10.90.0.5</pre>
 */
final class NetChain implements AutoCloseable {
    static final String VM = "10.90.0.5";
    static final String VM_MAC = "02:47:90:00:00:05";
    static final String GATEWAY_OUTSIDE = "10.1.0.1";
    static final String GATEWAY = "10.2.0.2";
    static final String HOST = "10.3.0.2";
    static final String BRANCH = "10.3.1.2";
    static final String TAP = "tap-vm";
    /** What every VM has for its gateway, on every host. */
    private static final String NEXT_HOP = "169.254.1.1";

    private static final int QUEUE_FRAMES = 10_000;

    private final DistFiles dist;
    private final List<HostNamespaces> machines = new ArrayList<>();
    private final List<Process> programs = new ArrayList<>();
    private final HostNamespaces client;
    private final HostNamespaces gateway;
    private final HostNamespaces router;
    private final HostNamespaces host;
    private final HostNamespaces vm;
    private @Nullable ShuttlePlug plug;

    private NetChain(DistFiles dist, String name) {
        this.dist = dist;
        client = machine(name + "-client");
        gateway = machine(name + "-gateway");
        router = machine(name + "-router");
        host = machine(name + "-host");
        vm = machine(name + "-vm");
    }

    /** Lays the cables; nobody knows the way to the VM yet. */
    static NetChain lay(DistFiles dist, String name) {
        NetChain chain = new NetChain(dist, name);
        try {
            cable(chain.client, "c0", "10.1.0.2", chain.gateway, "g0", GATEWAY_OUTSIDE);
            cable(chain.gateway, "g1", GATEWAY, chain.router, "r0", "10.2.0.1");
            cable(chain.router, "r1", "10.3.0.1", chain.host, "h0", HOST);
            ip(chain.client, "route add default via " + GATEWAY_OUTSIDE + "\n");
            ip(chain.gateway, "route add 10.3.0.0/24 via 10.2.0.1\n");
            ip(chain.host, "route add 10.2.0.0/24 via 10.3.0.1\n");
            return chain;
        } catch (LabException e) {
            chain.close();
            throw e;
        }
    }

    /** A second host behind the router, on a subnet of its own: {@code 10.3.1.2}. */
    HostNamespaces layBranch() {
        HostNamespaces branch = machine(router.name() + "-branch");
        cable(router, "r2", "10.3.1.1", branch, "h1", BRANCH);
        ip(branch, "route add 10.0.0.0/8 via 10.3.1.1\n");
        ip(host, "route add 10.3.1.0/24 via 10.3.0.1\n");
        ip(gateway, "route add 10.3.1.0/24 via 10.2.0.1\n");
        return branch;
    }

    HostNamespaces client() {
        return client;
    }

    HostNamespaces gateway() {
        return gateway;
    }

    HostNamespaces router() {
        return router;
    }

    HostNamespaces host() {
        return host;
    }

    HostNamespaces vm() {
        return vm;
    }

    /** A tap that the host's own network stack delivers to, as without Godwit. */
    void makePlainTap() {
        Command.of("ip", "tuntap", "add", "dev", TAP, "mode", "tap", "vnet_hdr")
                .behind(host.networkEntry())
                .run();
        ip(host, """
                link set dev %1$s txqueuelen %2$d up
                address add %3$s/32 dev %1$s
                route add %4$s/32 dev %1$s
                neighbour add %4$s lladdr %5$s dev %1$s nud permanent
                """.formatted(TAP, QUEUE_FRAMES, NEXT_HOP, VM, VM_MAC));
    }

    /** Plugs the VM into the host's tap and starts what answers the load. */
    void startVm(int mtu) throws IOException {
        ShuttlePlug shuttle = plugIn(mtu);
        shuttle.start("vmm", host, TAP);
        shuttle.run("vmm");
        start(vm, List.of(dist.probe("pump").toString(), "--serve", Integer.toString(NetLoad.PORT)));
    }

    /** The VM with its device; no VMM holds a tap for it yet. */
    ShuttlePlug plugIn(int mtu) throws IOException {
        ShuttlePlug shuttle = ShuttlePlug.of(dist, vm, "eth0");
        plug = shuttle;
        ip(vm, """
                link set lo up
                link set dev eth0 address %s mtu %d
                address add %s/32 dev eth0
                link set dev eth0 up
                route add %s/32 dev eth0 scope link
                route add default via %4$s dev eth0
                """.formatted(VM_MAC, mtu, VM, NEXT_HOP));
        return shuttle;
    }

    /** Starts a program in a machine's network that goes on by itself; returns when it says {@code ready}. */
    void start(HostNamespaces machine, List<String> argv) throws IOException {
        BufferedReader said = launch(machine, argv).inputReader(StandardCharsets.UTF_8);
        String line = said.readLine();
        if (!"ready".equals(line)) {
            throw new IOException(
                    argv.getFirst() + " in " + machine.name() + " said '" + line + "' instead of 'ready'");
        }
    }

    /** Starts a program in a machine's network that says nothing. */
    Process launch(HostNamespaces machine, List<String> argv) throws IOException {
        List<String> all = new ArrayList<>(machine.networkEntry());
        all.addAll(argv);
        Process process = new ProcessBuilder(all)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        programs.add(process);
        return process;
    }

    /** Carries out lines of {@code ip -batch} in a machine's network. */
    static void ip(HostNamespaces machine, String batch) {
        Command.of("ip", "-batch", "-")
                .withInput(batch)
                .behind(machine.networkEntry())
                .run();
    }

    private HostNamespaces machine(String name) {
        HostNamespaces made = HostNamespaces.open(dist, name, List.of());
        machines.add(made);
        made.run("sh", "-c", "ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward");
        return made;
    }

    private static void cable(
            HostNamespaces a, String aName, String aAddress, HostNamespaces b, String bName, String bAddress) {
        ip(a, """
                link add %s type veth peer name %s netns %d
                address add %s/24 dev %1$s
                link set %1$s up
                """.formatted(aName, bName, b.initPid(), aAddress));
        ip(b, """
                address add %s/24 dev %s
                link set %2$s up
                """.formatted(bAddress, bName));
    }

    @Override
    public void close() {
        if (plug != null) {
            plug.close();
        }
        programs.reversed().forEach(Process::destroyForcibly);
        machines.reversed().forEach(HostNamespaces::close);
    }
}
