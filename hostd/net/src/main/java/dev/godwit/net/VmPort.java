package dev.godwit.net;

import dev.godwit.linux.Link;
import dev.godwit.linux.Links;
import dev.godwit.linux.PacketSocket;
import dev.godwit.linux.Pidfd;
import dev.godwit.linux.Tap;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A VM's place in a host's network: its tap, what the programs know of it, and the queue that its frames wait in while
 * it moves. Made, it is only prepared: the programs don't know it yet, and packets for the VM go where they went, those
 * of this host's own VMs too.
 *
 * <p>In a move, before the flip: {@link #armToArrive} at the target, {@link #armToLeave} at the source. The flip:
 * {@link #hold} at the target, then the fleet sends here, last {@link #forward} at the source. Then {@link #drained} at
 * the source, the pause, and {@link #live} at the target when the VM runs. A rollback gives {@link #heldFrames} of the
 * target to {@link #inject} of the source.
 *
 * <p>Thread-safe. What is in the kernel outlives this object.
 */
public final class VmPort implements AutoCloseable {
    /** How long a guest that still runs is given to take what was sent before the fleet sent elsewhere. */
    public static final Duration DRAIN_WITHIN = Duration.ofMillis(50);

    /** As the kernel makes a tap. */
    private static final int UNBOUNDED = Integer.MAX_VALUE;

    private final VmPortSpec spec;
    private final int tapIndex;
    private final DataPlaneMaps maps;
    private final Links links;
    private final FrameInjector injector;
    private final SendPace pace;
    private Optional<RateLimit> limit;
    private Optional<RateLimit> sendLimit;
    private OptionalLong vmmPid = OptionalLong.empty();
    /** As the programs know it, or will. */
    private Port port;

    private boolean known;
    private @Nullable TapQueue queue;

    VmPort(VmPortSpec spec, int tapIndex, Optional<Port> standing, DataPlaneMaps maps, Links links) throws IOException {
        this.spec = spec;
        this.tapIndex = tapIndex;
        this.port = standing.orElse(spec.port(tapIndex));
        this.known = standing.isPresent();
        this.maps = maps;
        this.links = links;
        this.limit = spec.rateLimit();
        this.sendLimit = spec.sendLimit();
        this.pace = new SendPace(tapIndex, maps, links);
        this.injector = FrameInjector.into(tapIndex);
    }

    public VmPortSpec spec() {
        return spec;
    }

    /** The tap's interface number. */
    public int tapIndex() {
        return tapIndex;
    }

    /** What becomes of packets for the VM here; empty: the port is only prepared. */
    public synchronized Optional<PortState> state() {
        return known ? Optional.of(port.state()) : Optional.empty();
    }

    private void put(Port changed) throws IOException {
        maps.ports().put(changed);
        port = changed;
        known = true;
    }

    /**
     * From here on packets for the VM wait in its tap's queue, which must be armed: as many as the queue takes, and at
     * most 64 MiB. More is dropped, newest first, as {@link DropReason#HOLD_FULL} or by the device ({@link #queueDrops}).
     */
    public synchronized void hold() throws IOException {
        put(port.hold());
    }

    /** The VM runs here: packets go to it. Releases the hold on the VMM's descriptor. */
    public synchronized void live() throws IOException {
        put(port.live());
        // After a leave that was given up.
        paceAsAsked();
        disarm();
        TapDevice.limit(spec.tapName(), limit);
    }

    /**
     * The VM answers behind another host: what still comes here is passed on there, once. Nothing is put in the tap's
     * queue from here on, and what a rate limit holds back is let go to it. What the VM sends is let go too: a VMM that
     * is paused while its tap takes nothing drops what it has in hand.
     */
    public synchronized void forward(InetAddress host) throws IOException {
        put(port.forward(host));
        paceAsAsked();
        if (limit.isPresent()) {
            TapDevice.limit(spec.tapName(), Optional.of(RateLimit.lifted()));
            // The kernel looks at its clock again when the next frame comes.
            injector.inject(TapQueue.dummy());
        }
    }

    /**
     * At the target, when its VMM waits for the VM's state and before any other host sends here: makes sure that the
     * tap takes frames and that the VMM loses none of them. Blocks for some milliseconds.
     *
     * @param vmm borrowed until {@link #live}, {@link #disarm} or {@link #close}
     * @throws IOException the VMM does not hold the tap, or the tap does not become active
     */
    public synchronized void armToArrive(Pidfd vmm) throws IOException {
        disarm();
        TapQueue armed = TapQueue.of(vmm, spec.tapName(), links);
        queue = armed;
        armed.holdForArrival(injector);
        heldBy(vmm.pid());
    }

    /**
     * At the source, before other hosts send elsewhere: takes hold of the tap's queue.
     *
     * @param vmm as of {@link #armToArrive}
     */
    public synchronized void armToLeave(Pidfd vmm) throws IOException {
        disarm();
        queue = TapQueue.of(vmm, spec.tapName(), links);
        vmmPid = OptionalLong.of(vmm.pid());
    }

    /**
     * The VMM holds the tap: where the VM's sending is limited, it is made to wait when enough waits. To be called when a
     * VMM has started whose port was not armed, and when a hostd has taken a port over; repeating it does no harm.
     *
     * @throws IOException the process does not hold the tap
     */
    public synchronized void heldBy(long pid) throws IOException {
        vmmPid = OptionalLong.of(pid);
        if (pace.stands()) {
            bound(sending().map(RateLimit::sendBufferBytes).orElse(UNBOUNDED));
        }
    }

    /** Lets go of the VMM's descriptor; does nothing where none is held. */
    public synchronized void disarm() {
        if (queue != null) {
            queue.close();
            queue = null;
        }
    }

    /**
     * At the source, after {@link #forward}, while the VM runs: waits until it has taken everything that came for it, and
     * 4 ms more in which the VMM hands over what it took last.
     *
     * @return false: frames are still there, and {@link #takeLeftovers} is needed
     */
    public synchronized boolean drained(Duration within) throws IOException {
        return armed().drained(within);
    }

    /**
     * At the source, where {@link #drained} said no: takes what is left, with the VMM frozen for that time. They belong
     * into the target's queue, or back into this one on a rollback.
     */
    public synchronized HeldFrames takeLeftovers() throws IOException {
        return armed().takeLeftovers();
    }

    /**
     * At the target of a move that is rolled back: takes what waits here for the VM. Once while the fleet still sends
     * here, and again when it does not any more.
     */
    public synchronized HeldFrames heldFrames() throws IOException {
        return armed().takeAll();
    }

    private TapQueue armed() {
        if (queue == null) {
            throw new IllegalStateException("the queue of VM " + spec.vmId() + " is not armed");
        }
        return queue;
    }

    /** Puts frames behind those that wait for the VM, in whatever state the port is. */
    public synchronized void inject(HeldFrames frames) throws IOException {
        injector.inject(frames);
    }

    /** Changes what the VM may reach and be reached by, at once. */
    public void policy(Policy policy) throws IOException {
        maps.policies().put(tapIndex, policy);
    }

    /** Changes how fast the VM may be sent to, at once; what waits in the tap goes on waiting. */
    public synchronized void limit(Optional<RateLimit> newLimit) throws IOException {
        if (newLimit.equals(limit)) {
            return;
        }
        if (known && port.state() == PortState.LIVE) {
            TapDevice.limit(spec.tapName(), Optional.of(newLimit.orElseGet(RateLimit::lifted)));
        }
        // Where a limit was lifted the queue that it made stays, and a limit that is none is put on it again.
        limit = newLimit.isEmpty() && limit.isPresent() ? Optional.of(RateLimit.lifted()) : newLimit;
    }

    /** Changes how fast the VM may send, at once and for as long as it runs here; what waits goes on waiting. */
    public synchronized void sendLimit(Optional<RateLimit> newLimit) throws IOException {
        if (!newLimit.equals(sendLimit)) {
            sendLimit = newLimit;
            paceAsAsked();
        }
    }

    /** What the VM is held to now: nothing while it leaves. */
    private Optional<RateLimit> sending() {
        return port.state() == PortState.FORWARD ? Optional.empty() : sendLimit;
    }

    /** Where there is less to wait for, the VMM is woken last; where there is more, it is told first. */
    synchronized void paceAsAsked() throws IOException {
        Optional<RateLimit> rate = sending();
        if (rate.isPresent()) {
            bound(rate.get().sendBufferBytes());
            pace.limit(rate.get());
        } else if (pace.stands()) {
            pace.lift();
            bound(UNBOUNDED);
        }
    }

    /** Before a VMM holds the tap there is nothing to bound: {@link #heldBy} does it. */
    private void bound(int bytes) throws IOException {
        if (queue != null) {
            queue.bound(bytes);
        } else if (vmmPid.isPresent()) {
            try (Pidfd vmm = Pidfd.open(vmmPid.getAsLong());
                    Tap tap = Tap.takeFrom(vmm, spec.tapName())) {
                tap.setSendBufferBytes(bytes);
            }
        }
    }

    /** What the VM has sent and got at this host. */
    public PortTraffic traffic() throws IOException {
        return maps.ports().traffic(tapIndex);
    }

    /** How many frames found the tap's queue full, or nobody at its other end. */
    public long queueDrops() throws IOException {
        return links.find(spec.tapName()).map(Link::droppedSending).orElse(0L);
    }

    /**
     * Writes what passes the VM's tap, in both directions and before any rule, as a pcap file with nanoseconds. Blocks a
     * platform thread until the limit is reached or the thread is interrupted. Must run in the host's network namespace.
     *
     * @return how many frames were written
     */
    public long capture(OutputStream to, CaptureLimit limit) throws IOException {
        try (PacketSocket socket = PacketSocket.toCapture(tapIndex)) {
            return new PacketCapture(socket, limit).writeTo(to);
        }
    }

    /** Closes this process's descriptors; the VM goes on. */
    @Override
    public synchronized void close() {
        disarm();
        injector.close();
    }
}
