package dev.godwit.lab.bench;

import dev.godwit.linux.Pidfd;
import dev.godwit.net.HeldFrames;
import dev.godwit.net.Location;
import dev.godwit.net.VmPort;
import dev.godwit.net.VmPortSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A VM without a guest that moves between two hosts as hostd moves one, its network turned by the same verbs in the same
 * order. The last round of memory is a pause of a fixed length. For one thread.
 */
final class MovingVm {
    /** What the last round and the device state take, as {@code script/demo} sees it without emulation. */
    static final Duration LAST_ROUND = Duration.ofMillis(20);
    /** What an edge had sent before it answered is at the source within it. */
    private static final Duration ON_ITS_WAY = Duration.ofMillis(1);
    /** Longer than any packet is on its way. */
    private static final Duration STRAGGLERS = Duration.ofMillis(20);

    private final GodwitPath path;
    private final ShuttlePlug shuttle;
    private GodwitPath.Side host;
    private VmPort port;
    private Pidfd vmm;
    private String vmmName = "vmm-0";
    private int moves;
    private long fence = 1;

    private MovingVm(GodwitPath path, ShuttlePlug shuttle, GodwitPath.Side host, VmPort port, Pidfd vmm) {
        this.path = path;
        this.shuttle = shuttle;
        this.host = host;
        this.port = port;
        this.vmm = vmm;
    }

    /** What a move took. */
    record Times(double blackoutMillis, double flipMillis, double fromEpochMillis, double toEpochMillis) {}

    /** In which order a move turns the network. */
    enum Order {
        /** The fleet first, then the guest drains its queue, then the pause. */
        TURNED_FIRST,
        /** As one would without thinking: pause, copy, then tell the fleet. */
        PAUSED_FIRST
    }

    /** Starts it on the first host. */
    static MovingVm start(NetChain chain, GodwitPath path) throws IOException, InterruptedException {
        GodwitPath.Side host = path.hosts().getFirst();
        VmPort port = host.at(network -> network.createPort(GodwitPath.spec()));
        ShuttlePlug shuttle = chain.plugIn(VmPortSpec.MTU);
        Pidfd vmm = Pidfd.open(shuttle.start("vmm-0", host.machine(), NetChain.TAP));
        host.at(network -> {
            port.armToArrive(vmm);
            return true;
        });
        shuttle.run("vmm-0");
        path.locate(Location.settled(GodwitPath.vm(), host.underlay(), 1));
        host.at(network -> {
            port.live();
            return true;
        });
        return new MovingVm(path, shuttle, host, port, vmm);
    }

    Times move(Order order) throws IOException, InterruptedException {
        GodwitPath.Side target = path.hosts().get(host == path.hosts().getFirst() ? 1 : 0);
        InetAddress there = target.underlay();
        Optional<InetAddress> here = Optional.of(host.underlay());
        String nextName = "vmm-" + ++moves;
        VmPort next = target.at(network -> network.createPort(GodwitPath.spec()));
        Pidfd nextVmm = Pidfd.open(shuttle.start(nextName, target.machine(), NetChain.TAP));
        double began = System.currentTimeMillis();
        target.at(network -> {
            network.maps().connections().add(host.network().maps().connections().of(GodwitPath.vm()));
            next.hold();
            next.armToArrive(nextVmm);
            return true;
        });
        host.at(network -> {
            port.armToLeave(vmm);
            return true;
        });
        double flip = 0;
        if (order == Order.TURNED_FIRST) {
            flip = flip(target, new Location(GodwitPath.vm(), there, fence, here));
            HeldFrames left = drained();
            target.at(network -> {
                next.inject(left);
                return true;
            });
        }
        long paused = System.nanoTime();
        shuttle.stop(vmmName);
        pass(LAST_ROUND);
        fence++;
        Location owned = new Location(GodwitPath.vm(), there, fence, here);
        GodwitPath.locate(target, owned);
        shuttle.run(nextName);
        target.at(network -> {
            next.live();
            return true;
        });
        double blackout = (System.nanoTime() - paused) / 1e6;
        if (order == Order.PAUSED_FIRST) {
            flip = flip(target, owned);
        }
        path.locate(owned);
        path.locate(Location.settled(GodwitPath.vm(), there, fence));
        pass(STRAGGLERS);
        shuttle.end(vmmName);
        vmm.close();
        VmPort old = port;
        host.at(network -> {
            network.removePort(old);
            return true;
        });
        host = target;
        port = next;
        vmm = nextVmm;
        vmmName = nextName;
        return new Times(blackout, flip, began, System.currentTimeMillis());
    }

    /** Tells the gateway, then the hosts, the source last; how long the gateway and the target took. */
    private double flip(GodwitPath.Side target, Location location) throws IOException, InterruptedException {
        long start = System.nanoTime();
        GodwitPath.locate(path.gateway(), location);
        GodwitPath.locate(target, location);
        double millis = (System.nanoTime() - start) / 1e6;
        pass(ON_ITS_WAY);
        GodwitPath.locate(host, location);
        host.at(network -> {
            port.forward(target.underlay());
            return true;
        });
        return millis;
    }

    private HeldFrames drained() throws IOException, InterruptedException {
        return host.at(network -> port.drained(VmPort.DRAIN_WITHIN) ? HeldFrames.none() : port.takeLeftovers());
    }

    private static void pass(Duration time) {
        long deadline = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
