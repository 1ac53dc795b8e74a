package dev.godwit.lab.bench;

import dev.godwit.lab.DistFiles;
import dev.godwit.lab.HostNamespaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A way from a client to a VM that is laid and idle.
 *
 * @param name in the rows
 * @param client where the load comes from
 * @param address that the client speaks to
 * @param connectionsOnly whether it carries TCP connections and nothing else
 */
record NetContender(String name, HostNamespaces client, String address, boolean connectionsOnly) {
    /** Bytes of IP on an ordinary network. */
    private static final int ETHERNET_MTU = 1500;
    /** VXLAN takes 50. */
    private static final int VXLAN_MTU = 1450;

    /** What a kernel does that knows where the VM is: routes. */
    static NetContender plainRouting(NetChain chain) throws IOException {
        chain.makePlainTap();
        NetChain.ip(chain.gateway(), "route add " + NetChain.VM + "/32 via 10.2.0.1\n");
        NetChain.ip(chain.router(), """
                route add %s/32 via %s
                route add 10.1.0.0/24 via %s
                """.formatted(NetChain.VM, NetChain.HOST, NetChain.GATEWAY));
        NetChain.ip(chain.host(), "route add 10.1.0.0/24 via 10.3.0.1\n");
        chain.startVm(ETHERNET_MTU);
        return new NetContender("routing", chain.client(), NetChain.VM, false);
    }

    /** A tunnel between gateway and host that is set up by hand, without any program in it. */
    static NetContender kernelVxlan(NetChain chain) throws IOException {
        chain.makePlainTap();
        tunnel(chain.gateway(), NetChain.GATEWAY, NetChain.HOST, "10.99.0.1");
        tunnel(chain.host(), NetChain.HOST, NetChain.GATEWAY, "10.99.0.2");
        NetChain.ip(chain.gateway(), "route add " + NetChain.VM + "/32 via 10.99.0.2\n");
        NetChain.ip(chain.host(), "route add 10.1.0.0/24 via 10.99.0.1\n");
        chain.startVm(VXLAN_MTU);
        return new NetContender("vxlan", chain.client(), NetChain.VM, false);
    }

    private static void tunnel(HostNamespaces machine, String local, String remote, String address) {
        NetChain.ip(machine, """
                link add vx0 type vxlan id 7 local %s remote %s dstport 4789 udp6zerocsumrx
                address add %s/24 dev vx0
                link set vx0 up
                """.formatted(local, remote, address));
    }

    /** A relay at the gateway, which reaches the VM by plain routing. */
    static NetContender haproxy(NetChain routed, DistFiles dist, Path folder) throws IOException {
        Path file = folder.resolve("haproxy.cfg");
        Files.writeString(file, """
                defaults
                    mode tcp
                    timeout connect 5s
                    timeout client 1m
                    timeout server 1m
                listen vm
                    bind %s:%d
                    server vm %s:%2$d
                """.formatted(NetChain.GATEWAY_OUTSIDE, NetLoad.PORT, NetChain.VM));
        routed.launch(routed.gateway(), List.of("haproxy", "-db", "-q", "-f", file.toString()));
        return new NetContender("haproxy", routed.client(), NetChain.GATEWAY_OUTSIDE, true);
    }
}
