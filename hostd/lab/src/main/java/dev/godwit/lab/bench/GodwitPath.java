package dev.godwit.lab.bench;

import dev.godwit.lab.HostNamespaces;
import dev.godwit.linux.Links;
import dev.godwit.net.Edge;
import dev.godwit.net.Hook;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.HostNetworkSpec;
import dev.godwit.net.Location;
import dev.godwit.net.MacAddress;
import dev.godwit.net.Policy;
import dev.godwit.net.VmAddress;
import dev.godwit.net.VmPortSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The data plane between a gateway and one or two hosts, without hostd: the same code that hostd runs, and the same programs.
 * For one thread.
 */
final class GodwitPath implements AutoCloseable {
    static final int VNI = 7;

    private final List<Side> hosts;
    private final Side gateway;

    private GodwitPath(List<Side> hosts, Side gateway) {
        this.hosts = hosts;
        this.gateway = gateway;
    }

    /**
     * A machine of the path.
     *
     * @param thread in its network namespace
     */
    record Side(HostNamespaces machine, InetAddress underlay, NetworkThread thread, HostNetwork network) {
        static Side open(HostNamespaces machine, String underlay, Path bpfFolder)
                throws IOException, InterruptedException {
            InetAddress address = InetAddress.getByName(underlay);
            NetworkThread thread = NetworkThread.in(machine);
            HostNetwork opened = thread.call(() -> {
                HostNetwork network =
                        HostNetwork.open(new HostNetworkSpec(address, bpfFolder, VmPortSpec.MTU, Optional.empty()));
                network.maps().lease().forever();
                return network;
            });
            return new Side(machine, address, thread, opened);
        }

        /** Does something with its network, on its thread. */
        <T> T at(Work<T> work) throws IOException, InterruptedException {
            return thread.call(() -> work.on(network));
        }

        void close() throws IOException, InterruptedException {
            try (thread) {
                at(open -> {
                    open.close();
                    return true;
                });
            }
        }
    }

    /** What is done with a host's network. */
    interface Work<T> {
        T on(HostNetwork network) throws IOException;
    }

    /** @param folder where BPF file systems are mounted while it stands */
    static GodwitPath lay(NetChain chain, Path folder) throws IOException, InterruptedException {
        GodwitPath path = lay(chain, List.of(Side.open(chain.host(), NetChain.HOST, folder.resolve("host"))), folder);
        Side host = path.hosts.getFirst();
        path.locate(Location.settled(vm(), host.underlay(), 1));
        host.at(network -> {
            network.createPort(spec()).live();
            return true;
        });
        chain.startVm(VmPortSpec.MTU);
        return path;
    }

    /** With two hosts, and nothing of the VM yet. */
    static GodwitPath layForMoves(NetChain chain, Path folder) throws IOException, InterruptedException {
        return lay(
                chain,
                List.of(
                        Side.open(chain.host(), NetChain.HOST, folder.resolve("moves-a")),
                        Side.open(chain.layBranch(), NetChain.BRANCH, folder.resolve("moves-b"))),
                folder.resolve("moves"));
    }

    private static GodwitPath lay(NetChain chain, List<Side> hosts, Path folder)
            throws IOException, InterruptedException {
        Side gateway = Side.open(chain.gateway(), NetChain.GATEWAY, folder.resolve("gateway"));
        Set<InetAddress> all = Stream.concat(Stream.of(gateway), hosts.stream())
                .map(Side::underlay)
                .collect(Collectors.toSet());
        gateway.at(network -> {
            network.peers(all);
            try (Links links = Links.open()) {
                int vxlan = links.find(HostNetwork.DEVICE).orElseThrow().index();
                network.maps().detach(Hook.VX_IN, vxlan);
                network.maps().attach(Hook.VX_GW, vxlan);
                network.maps().attach(Hook.VX_OUT, vxlan);
            }
            return true;
        });
        NetChain.ip(chain.gateway(), "route add " + NetChain.VM + "/32 dev " + HostNetwork.DEVICE + "\n");
        for (Side host : hosts) {
            host.at(network -> {
                network.peers(all);
                network.maps().edges().put(new Edge(VNI, gateway.underlay(), Optional.empty()));
                return true;
            });
        }
        return new GodwitPath(hosts, gateway);
    }

    static VmAddress vm() throws IOException {
        return new VmAddress(VNI, InetAddress.getByName(NetChain.VM));
    }

    static VmPortSpec spec() throws IOException {
        return new VmPortSpec(
                "bench",
                VNI,
                MacAddress.parse(NetChain.VM_MAC),
                List.of(vm().address()),
                NetChain.TAP,
                0,
                VmPortSpec.MTU,
                VmPortSpec.QUEUE_FRAMES,
                Policy.standard(List.of()),
                Optional.empty(),
                Optional.empty());
    }

    /** Tells all where the VM is, the gateway first. */
    void locate(Location location) throws IOException, InterruptedException {
        locate(gateway, location);
        for (Side host : hosts) {
            locate(host, location);
        }
    }

    static void locate(Side side, Location location) throws IOException, InterruptedException {
        side.at(network -> {
            network.maps().locations().put(location);
            return true;
        });
    }

    Side gateway() {
        return gateway;
    }

    List<Side> hosts() {
        return hosts;
    }

    NetContender contender(NetChain chain) {
        return new NetContender("godwit", chain.client(), NetChain.VM, false);
    }

    @Override
    public void close() throws IOException, InterruptedException {
        for (Side host : hosts) {
            host.close();
        }
        gateway.close();
    }
}
