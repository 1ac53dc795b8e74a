package dev.godwit.lab;

import dev.godwit.lab.packets.PacketCapture;
import dev.godwit.lab.packets.PacketPath;
import dev.godwit.lab.packets.VxlanFrame;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Watches the router between the hosts in one move: which way the VM's packets take, and then, until it is asked, whether
 * any still goes to the host that the VM has left, or comes from it. For one thread.
 */
final class PathWatch implements AutoCloseable {
    private static final String VXLAN = "udp port 4789";

    private final InetAddress vm;
    private final InetAddress source;
    private final InetAddress target;
    private final PacketCapture everything;
    private final PacketCapture oldHost;
    private @Nullable List<VxlanFrame> atOldHost;

    private PathWatch(
            InetAddress vm, InetAddress source, InetAddress target, PacketCapture everything, PacketCapture oldHost) {
        this.vm = vm;
        this.source = source;
        this.target = target;
        this.everything = everything;
        this.oldHost = oldHost;
    }

    /**
     * Begins before the move.
     *
     * @param folder where the captures stay, {@code NAME.pcap} and {@code NAME-old-host.pcap}
     */
    static PathWatch start(HostNamespaces router, String vm, LabHost source, LabHost target, Path folder, String name) {
        InetAddress from = underlay(source);
        PacketCapture everything = PacketCapture.start(router, VXLAN, folder.resolve(name + ".pcap"));
        try {
            PacketCapture oldHost = PacketCapture.start(
                    router, VXLAN + " and host " + from.getHostAddress(), folder.resolve(name + "-old-host.pcap"));
            return new PathWatch(literal(vm), from, underlay(target), everything, oldHost);
        } catch (LabException e) {
            everything.close();
            throw e;
        }
    }

    /** Ends the watch of the way; the old host is watched further. */
    PacketPath path() {
        return new PacketPath(vm, source, target, everything.stop());
    }

    /** Ends all watching: the VM's packets at the old host later than its release, each a witness against us. */
    long atOldHostAfter(double releaseEpochMillis) {
        if (atOldHost == null) {
            atOldHost = oldHost.stop();
        }
        return new PacketPath(vm, source, target, atOldHost).atSourceAfter(releaseEpochMillis);
    }

    private static InetAddress underlay(LabHost host) {
        return literal(host.address()
                .underlay()
                .orElseThrow(() -> new LabException(host.id() + " has no address in the underlay")));
    }

    private static InetAddress literal(String address) {
        try {
            return InetAddress.getByName(address);
        } catch (UnknownHostException e) {
            throw new LabException(address + " is no IP address", e);
        }
    }

    @Override
    public void close() {
        everything.close();
        oldHost.close();
    }
}
