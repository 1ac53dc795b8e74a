package dev.godwit.net;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** A VM that lives in a fleet, and moves as hostd moves it. */
final class Resident implements AutoCloseable {
    private final RoutedFleet fleet;
    private final ShuttleVm vm;
    private TestHost host;
    private VmPort port;
    private ShuttleVm.Vmm vmm;
    private long fence = 1;

    private Resident(RoutedFleet fleet, ShuttleVm vm, TestHost host, VmPort port, ShuttleVm.Vmm vmm) {
        this.fleet = fleet;
        this.vm = vm;
        this.host = host;
        this.port = port;
        this.vmm = vmm;
    }

    static Resident start(RoutedFleet fleet, int number, TestHost host) throws IOException {
        return start(fleet, ShuttleVm.create(number), host, Optional.empty(), Optional.empty());
    }

    static Resident start(
            RoutedFleet fleet, ShuttleVm vm, TestHost host, Optional<RateLimit> limit, Optional<RateLimit> sendLimit)
            throws IOException {
        VmPortSpec usual = vm.port();
        VmPort port = host.createPort(new VmPortSpec(
                usual.vmId(),
                usual.vni(),
                usual.mac(),
                usual.addresses(),
                usual.tapName(),
                usual.ownerUid(),
                usual.mtu(),
                usual.queueFrames(),
                usual.policy(),
                limit,
                sendLimit));
        ShuttleVm.Vmm vmm = vm.startVmm(host.machine());
        Resident made = new Resident(fleet, vm, host, port, vmm);
        port.armToArrive(vmm.process());
        vmm.run();
        fleet.locate(vm, made.at(host.underlay(), Optional.empty()));
        host.machine().in(() -> {
            port.live();
            return true;
        });
        return made;
    }

    ShuttleVm vm() {
        return vm;
    }

    TestHost host() {
        return host;
    }

    VmPort port() {
        return port;
    }

    void port(VmPort reopened) {
        port = reopened;
    }

    ShuttleVm.Vmm vmm() {
        return vmm;
    }

    private Location at(InetAddress underlay, Optional<InetAddress> previous) {
        return new Location(new VmAddress(RoutedFleet.VNI, vm.v4()), underlay, fence, previous);
    }

    /** The way to the other host, up to the point where either of two ends is possible. */
    final class Switched {
        final TestHost target = fleet.other(host);
        final VmPort targetPort;
        final ShuttleVm.Vmm targetVmm;
        HeldFrames leftovers = HeldFrames.none();

        private Switched() throws IOException {
            targetPort = target.createPort(port.spec());
            targetVmm = vm.startVmm(target.machine());
            for (InetAddress address : vm.addresses()) {
                VmAddress moving = new VmAddress(RoutedFleet.VNI, address);
                target.maps().connections().add(host.maps().connections().of(moving));
            }
            targetPort.armToArrive(targetVmm.process());
            port.armToLeave(vmm.process());
        }

        void flip() throws IOException {
            targetPort.hold();
            RoutedFleet.locate(fleet.edgeMaps(), vm, at(target.underlay(), Optional.of(host.underlay())));
            flipHosts();
        }

        /** The edge goes on to send to the source until {@link #release}. */
        void flipWithoutEdge() throws IOException {
            targetPort.hold();
            // It hears the VM behind its new host, though: what is late is only where it sends.
            RoutedFleet.locate(fleet.edgeMaps(), vm, at(host.underlay(), Optional.of(target.underlay())));
            flipHosts();
        }

        private void flipHosts() throws IOException {
            Location there = at(target.underlay(), Optional.of(host.underlay()));
            RoutedFleet.locate(target.maps(), vm, there);
            RoutedFleet.locate(host.maps(), vm, there);
            host.machine().in(() -> {
                port.forward(target.underlay());
                return true;
            });
        }

        void drain() throws IOException {
            if (!port.drained(VmPort.DRAIN_WITHIN)) {
                leftovers = port.takeLeftovers();
            }
        }

        /** The VM goes on at the target. */
        void complete() throws IOException {
            targetPort.inject(leftovers);
            resume();
            release();
        }

        /** The target owns the VM and runs it. */
        void resume() throws IOException {
            fence++;
            Location here = at(target.underlay(), Optional.of(host.underlay()));
            RoutedFleet.locate(target.maps(), vm, here);
            RoutedFleet.locate(host.maps(), vm, here);
            targetVmm.run();
            target.machine().in(() -> {
                targetPort.live();
                return true;
            });
        }

        /** All know, and the source forgets the VM. */
        void release() throws IOException {
            fleet.locate(vm, at(target.underlay(), Optional.of(host.underlay())));
            fleet.locate(vm, at(target.underlay(), Optional.empty()));
            // What was still on its way to the source is forwarded by then.
            passTime(Duration.ofMillis(20));
            vmm.close();
            host.removePort(port);
            host = target;
            port = targetPort;
            vmm = targetVmm;
        }

        /** The VM goes on at the source. */
        void rollBack() throws IOException {
            port.inject(leftovers.then(targetPort.heldFrames()));
            fence++;
            // The target may pass on what still comes there.
            Location back = at(host.underlay(), Optional.of(target.underlay()));
            RoutedFleet.locate(host.maps(), vm, back);
            host.machine().in(() -> {
                port.live();
                return true;
            });
            RoutedFleet.locate(fleet.edgeMaps(), vm, back);
            RoutedFleet.locate(target.maps(), vm, back);
            target.machine().in(() -> {
                targetPort.forward(host.underlay());
                return true;
            });
            // What was on its way into the target's queue is in it after that.
            passTime(Duration.ofMillis(4));
            port.inject(targetPort.heldFrames());
            vmm.run();
            passTime(Duration.ofMillis(20));
            targetVmm.close();
            target.removePort(targetPort);
            fleet.locate(vm, at(host.underlay(), Optional.empty()));
        }
    }

    /** Prepares the other host, sends the fleet there, empties this host's queue and pauses the VM. */
    Switched switchOver() throws IOException {
        Switched switched = new Switched();
        switched.flip();
        switched.drain();
        vmm.stop();
        return switched;
    }

    /** Everything up to the moment before the fleet is told. */
    Switched prepare() throws IOException {
        return new Switched();
    }

    /** A whole move with a pause of some length. */
    void move(Duration pause) throws IOException {
        Switched switched = switchOver();
        passTime(pause);
        switched.complete();
    }

    /** What a pause is made of. */
    static void passTime(Duration time) {
        long deadline = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public void close() {
        vmm.close();
        vm.close();
    }
}
