package dev.godwit.lab.bench;

import dev.godwit.net.Edge;
import dev.godwit.net.Hook;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.HostNetworkSpec;
import dev.godwit.net.Location;
import dev.godwit.net.MacAddress;
import dev.godwit.net.Policy;
import dev.godwit.net.VmAddress;
import dev.godwit.net.VmPortSpec;
import dev.godwit.linux.Links;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The data plane between a gateway and a host, without hostd: the same code that hostd runs, and the same programs. */
final class GodwitPath implements AutoCloseable {
    private static final int VNI = 7;
    private static final long FENCE = 1;

    private final NetworkThread atHost;
    private final NetworkThread atGateway;
    private final HostNetwork host;
    private final HostNetwork gateway;

    private GodwitPath(NetworkThread atHost, NetworkThread atGateway, HostNetwork host, HostNetwork gateway) {
        this.atHost = atHost;
        this.atGateway = atGateway;
        this.host = host;
        this.gateway = gateway;
    }

    /** @param folder where BPF file systems are mounted while it stands */
    static GodwitPath lay(NetChain chain, Path folder) throws IOException, InterruptedException {
        InetAddress hostAddress = InetAddress.getByName(NetChain.HOST);
        InetAddress gatewayAddress = InetAddress.getByName(NetChain.GATEWAY);
        VmAddress vm = new VmAddress(VNI, InetAddress.getByName(NetChain.VM));
        NetworkThread atHost = NetworkThread.in(chain.host());
        NetworkThread atGateway = NetworkThread.in(chain.gateway());
        HostNetwork host = atHost.call(() -> {
            HostNetwork network =
                    HostNetwork.open(new HostNetworkSpec(hostAddress, folder.resolve("host"), VmPortSpec.MTU, Optional.empty()));
            network.maps().lease().forever();
            network.peers(Set.of(gatewayAddress));
            network.maps().edges().put(new Edge(VNI, gatewayAddress, Optional.empty()));
            network.maps().locations().put(Location.settled(vm, hostAddress, FENCE));
            network.createPort(new VmPortSpec(
                            "bench",
                            VNI,
                            MacAddress.parse(NetChain.VM_MAC),
                            List.of(vm.address()),
                            NetChain.TAP,
                            0,
                            VmPortSpec.MTU,
                            VmPortSpec.QUEUE_FRAMES,
                            Policy.standard(List.of()),
                            Optional.empty()))
                    .live();
            return network;
        });
        HostNetwork gateway = atGateway.call(() -> {
            HostNetwork network =
                    HostNetwork.open(new HostNetworkSpec(gatewayAddress, folder.resolve("gateway"), VmPortSpec.MTU, Optional.empty()));
            network.maps().lease().forever();
            network.peers(Set.of(hostAddress));
            network.maps().locations().put(Location.settled(vm, hostAddress, FENCE));
            try (Links links = Links.open()) {
                int vxlan = links.find(HostNetwork.DEVICE).orElseThrow().index();
                network.maps().detach(Hook.VX_IN, vxlan);
                network.maps().attach(Hook.VX_GW, vxlan);
                network.maps().attach(Hook.VX_OUT, vxlan);
            }
            return network;
        });
        NetChain.ip(chain.gateway(), "route add " + NetChain.VM + "/32 dev " + HostNetwork.DEVICE + "\n");
        chain.startVm(VmPortSpec.MTU);
        return new GodwitPath(atHost, atGateway, host, gateway);
    }

    NetContender contender(NetChain chain) {
        return new NetContender("godwit", chain.client(), NetChain.VM, false);
    }

    /** The host's maps, on their own thread. */
    <T> T atHost(Work<T> work) throws IOException, InterruptedException {
        return atHost.call(() -> work.on(host));
    }

    /** What is done with a host's network. */
    interface Work<T> {
        T on(HostNetwork network) throws IOException;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        try (atHost;
                atGateway) {
            atHost.call(() -> {
                host.close();
                return host;
            });
            atGateway.call(() -> {
                gateway.close();
                return gateway;
            });
        }
    }
}
