package dev.godwit.net;

import dev.godwit.linux.Link;
import dev.godwit.linux.Links;
import dev.godwit.linux.Mount;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's side of the fleet's network: a VXLAN device to the other hosts, the programs and their maps, and a port for
 * each VM. All of it stands in the kernel: {@link #close} leaves it, so that traffic goes on while no hostd runs, and
 * {@link #open} takes it over.
 *
 * <p>Works in the network namespace of the calling thread, which must be the same for all calls. Thread-safe.
 */
public final class HostNetwork implements AutoCloseable {
    /** The VXLAN device. */
    public static final String DEVICE = "vx0";

    private static final Logger LOG = LoggerFactory.getLogger(HostNetwork.class);

    private final HostNetworkSpec spec;
    private final DataPlaneMaps maps;
    private final Links links;
    private final Map<String, VmPort> ports = new ConcurrentHashMap<>();

    private HostNetwork(HostNetworkSpec spec, DataPlaneMaps maps, Links links) {
        this.spec = spec;
        this.maps = maps;
        this.links = links;
    }

    /**
     * Takes over what a hostd before left, and makes what is missing. Where the maps are new, nobody is a peer and the
     * lease is closed: no VM is heard until {@link #peers} and {@link Lease#until} were called.
     *
     * @throws IOException the kernel lacks VXLAN, BPF or nftables, or rights are missing; the message says what
     */
    public static HostNetwork open(HostNetworkSpec spec) throws IOException {
        mountBpf(spec.bpfFolder());
        Links links = Links.open();
        try {
            int vxlan = vxlan(spec, links);
            DataPlaneMaps maps = DataPlaneMaps.open(spec.bpfFolder().resolve("godwit"));
            try {
                // Configured and guarded before it is attached: nothing passes by rules that are not there yet.
                maps.configure(new Settings(spec.underlayAddress(), vxlan, Settings.STACK_MARK));
                UnderlayGuard.admit(maps.peers().all(), spec.tunnelDevice());
                maps.attach(Hook.VX_IN, vxlan);
                CommandLine.run("ip", "link", "set", "dev", DEVICE, "up");
                return new HostNetwork(spec, maps, links);
            } catch (IOException | RuntimeException failed) {
                maps.close();
                throw failed;
            }
        } catch (IOException | RuntimeException failed) {
            links.close();
            throw failed;
        }
    }

    private static void mountBpf(Path folder) throws IOException {
        Files.createDirectories(folder);
        if (!Mount.isBpf(folder)) {
            Mount.bpf(folder);
        }
    }

    private static int vxlan(HostNetworkSpec spec, Links links) throws IOException {
        Optional<Link> there = links.find(DEVICE);
        if (there.isPresent()) {
            return there.get().index();
        }
        // The kernel gives it an Ethernet address by chance: two hosts must not have the same (VXLAN's loop guard).
        CommandLine.run(
                "ip",
                "link",
                "add",
                DEVICE,
                "type",
                "vxlan",
                "external",
                "dstport",
                Integer.toString(UnderlayGuard.VXLAN_PORT),
                "nolearning",
                "udp6zerocsumrx");
        CommandLine.run(
                "ip",
                "link",
                "set",
                "dev",
                DEVICE,
                "arp",
                "off",
                "addrgenmode",
                "none",
                "mtu",
                Integer.toString(spec.mtu()));
        return links.find(DEVICE)
                .map(Link::index)
                .orElseThrow(() -> new IOException("the device " + DEVICE + " is gone as soon as it was made"));
    }

    /** Locations, lease, edges, counters: what needs no device. Borrowed. */
    public DataPlaneMaps maps() {
        return maps;
    }

    /** This host's address in the underlay. */
    public InetAddress underlayAddress() {
        return spec.underlayAddress();
    }

    /** Makes these the machines that are listened to, hosts and edges; a program and a packet filter hold to it. */
    public synchronized void peers(Set<InetAddress> underlays) throws IOException {
        UnderlayGuard.admit(underlays, spec.tunnelDevice());
        maps.peers().set(underlays);
    }

    /**
     * Lets VMs whose policy names local destinations out to them under this host's address, and to nothing of the host
     * itself. The host forwards packets from now on: where it did not before, only these and their answers.
     *
     * @param vms where addresses of VMs come from
     */
    public synchronized void openLocalEgress(List<Prefix> vms) throws IOException {
        Link vxlan = links.find(DEVICE).orElseThrow(() -> new IOException("the device " + DEVICE + " is gone"));
        maps.attach(Hook.VX_OUT, vxlan.index());
        LocalEgress.open(vms);
    }

    /**
     * Makes this host an edge: what VMs send to the world comes to its own network stack, and what that sends to VMs goes
     * to their hosts. Translation and who may pass are up to the caller's rules. Not beside {@link #openLocalEgress}.
     *
     * @param vms where addresses of VMs are
     */
    public synchronized void openGateway(List<Prefix> vms) throws IOException {
        int vxlan = links.find(DEVICE)
                .orElseThrow(() -> new IOException("the device " + DEVICE + " is gone"))
                .index();
        maps.attach(Hook.VX_OUT, vxlan);
        maps.attach(Hook.VX_GW, vxlan);
        maps.detach(Hook.VX_IN, vxlan);
        CommandLine.run(
                "ip", "address", "replace", Gateway.V4.getHostAddress() + "/32", "dev", DEVICE, "scope", "link");
        // Answers of VMs come by another device than the world's packets went: strictly, the way back would be another.
        Files.writeString(Path.of("/proc/sys/net/ipv4/conf", DEVICE, "rp_filter"), "2");
        for (Prefix prefix : vms) {
            CommandLine.run("ip", "route", "replace", prefix.toString(), "dev", DEVICE);
        }
    }

    /**
     * Makes a VM's tap and prepares its port: nothing goes to it until {@link VmPort#hold} or {@link VmPort#live}. A tap
     * of that name that an earlier try left is taken away first.
     *
     * @throws IOException the device can't be made; nothing is left of it
     */
    public synchronized VmPort createPort(VmPortSpec spec) throws IOException {
        if (ports.containsKey(spec.tapName())) {
            throw new IOException("the port of VM " + spec.vmId() + " is there already");
        }
        Optional<Link> stray = links.find(spec.tapName());
        if (stray.isPresent()) {
            removePort(stray.get().index());
        }
        TapDevice.create(spec);
        try {
            int tapIndex = tap(spec).index();
            maps.policies().put(tapIndex, spec.policy());
            maps.attach(Hook.VM_OUT, tapIndex);
            VmPort port = opened(spec, tapIndex, Optional.empty());
            port.paceAsAsked();
            return port;
        } catch (IOException | RuntimeException failed) {
            removeAfter(spec, failed);
            throw failed;
        }
    }

    private void removeAfter(VmPortSpec spec, Exception failed) {
        VmPort opened = ports.remove(spec.tapName());
        if (opened != null) {
            opened.close();
        }
        try {
            Optional<Link> half = links.find(spec.tapName());
            if (half.isPresent()) {
                removePort(half.get().index());
            }
        } catch (IOException left) {
            failed.addSuppressed(left);
        }
    }

    private void removePort(int tapIndex) throws IOException {
        maps.ports().remove(tapIndex);
        maps.policies().remove(tapIndex);
        maps.detach(Hook.VM_OUT, tapIndex);
        SendPace.remove(tapIndex, maps, links);
        Optional<Link> tap = links.find(tapIndex);
        if (tap.isPresent()) {
            TapDevice.delete(tap.get().name());
        }
    }

    /**
     * Takes over a port that a hostd before left, in the state that it has; its VM goes on undisturbed.
     *
     * @throws IOException there is no such tap: the machine was restarted, say
     */
    public synchronized VmPort reopenPort(VmPortSpec spec) throws IOException {
        if (ports.containsKey(spec.tapName())) {
            throw new IOException("the port of VM " + spec.vmId() + " is open already");
        }
        int tapIndex = tap(spec).index();
        Optional<Port> standing = maps.ports().ofTap(tapIndex);
        if (standing.isPresent()) {
            requireSame(standing.get(), spec);
        }
        maps.policies().put(tapIndex, spec.policy());
        maps.attach(Hook.VM_OUT, tapIndex);
        VmPort port = opened(spec, tapIndex, standing);
        try {
            port.paceAsAsked();
        } catch (IOException refused) {
            LOG.error("VM {} sends faster than it may: {}", spec.vmId(), refused.getMessage());
        }
        return port;
    }

    private static void requireSame(Port standing, VmPortSpec spec) throws IOException {
        if (standing.vni() != spec.vni() || !standing.mac().equals(spec.mac())) {
            throw new IOException("the tap " + spec.tapName() + " is the port of another VM (network " + standing.vni()
                    + ", " + standing.mac() + "), not of " + spec.vmId());
        }
    }

    private Link tap(VmPortSpec spec) throws IOException {
        return links.find(spec.tapName())
                .orElseThrow(() -> new IOException("VM " + spec.vmId() + " has no tap " + spec.tapName() + " here"));
    }

    private VmPort opened(VmPortSpec spec, int tapIndex, Optional<Port> standing) throws IOException {
        LocalEgress.takeFrom(spec.tapName());
        VmPort port = new VmPort(spec, tapIndex, standing, maps, links);
        ports.put(spec.tapName(), port);
        return port;
    }

    /** Why VMs of this host can't be held to a rate for what they send; empty: they can. Tries it. */
    public synchronized Optional<String> sendLimitRefusal() throws IOException {
        return SendPace.missing(links);
    }

    /** Takes a VM's port away: nothing of it is left. Its VMM must have ended. */
    public synchronized void removePort(VmPort port) throws IOException {
        ports.remove(port.spec().tapName(), port);
        port.close();
        removePort(port.tapIndex());
    }

    /**
     * Takes ports away that nobody has reopened, with their taps: of VMs that ended while no hostd ran.
     *
     * @param spared names of taps whose ports stay: of VMs that are to be taken back later
     * @return how many
     */
    public synchronized int removeStrayPorts(Set<String> spared) throws IOException {
        Set<Integer> strays = new TreeSet<>();
        maps.ports().all().forEach(port -> strays.add(port.tapIndex()));
        maps.attachments().stream()
                .filter(attachment -> attachment.hook() == Hook.VM_OUT)
                .forEach(attachment -> strays.add(attachment.interfaceIndex()));
        ports.values().forEach(port -> strays.remove(port.tapIndex()));
        for (String tap : spared) {
            links.find(tap).ifPresent(link -> strays.remove(link.index()));
        }
        for (int tapIndex : strays) {
            removePort(tapIndex);
            LOG.info("removed the port of interface {}: no VM of this host has it", tapIndex);
        }
        return strays.size();
    }

    /** The ports that are open, in no order. */
    public List<VmPort> ports() {
        return List.copyOf(ports.values());
    }

    /** Closes this process's descriptors. Traffic goes on. */
    @Override
    public synchronized void close() {
        ports.values().forEach(VmPort::close);
        ports.clear();
        links.close();
        maps.close();
    }

    /** Takes all away: ports, device, programs, maps, packet filter and the BPF file system. VMMs must have ended. */
    public synchronized void remove() throws IOException {
        for (VmPort port : ports()) {
            removePort(port);
        }
        removeStrayPorts(Set.of());
        Optional<Link> vxlan = links.find(DEVICE);
        if (vxlan.isPresent()) {
            maps.detach(Hook.VX_IN, vxlan.get().index());
            maps.detach(Hook.VX_GW, vxlan.get().index());
            maps.detach(Hook.VX_OUT, vxlan.get().index());
            CommandLine.run("ip", "link", "delete", "dev", DEVICE);
        }
        maps.remove();
        links.close();
        UnderlayGuard.remove();
        LocalEgress.close();
        Mount.unmount(spec.bpfFolder());
        Files.delete(spec.bpfFolder());
    }
}
