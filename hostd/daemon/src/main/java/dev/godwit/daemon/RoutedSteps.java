package dev.godwit.daemon;

import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.Reservation;
import dev.godwit.move.SwitchSteps;
import dev.godwit.net.HeldFrames;
import dev.godwit.net.OpenFlow;
import dev.godwit.peer.PeerLink;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the source of one move turns the VM's packets: its own port by the kernel, the others' locations by word. */
final class RoutedSteps implements SwitchSteps {
    private static final Logger log = LoggerFactory.getLogger(RoutedSteps.class);
    /** Packets wait meanwhile; a host that is silent for longer is passed over, and what it sends is passed on. */
    private static final Duration TELL_WITHIN = Duration.ofMillis(300);

    private static final Duration ASK = Duration.ofSeconds(1);

    /** The VM at this host. */
    interface VmmPid {
        long pid() throws IOException;
    }

    private final RoutedNetwork network;
    private final FleetLocations locations;
    private final Peers peers;
    private final Reservation reservation;
    private final VmmPid vmm;
    private String count = "";
    private int fetched;

    RoutedSteps(RoutedNetwork network, FleetLocations locations, Peers peers, Reservation reservation, VmmPid vmm) {
        this.network = network;
        this.locations = locations;
        this.peers = peers;
        this.reservation = reservation;
        this.vmm = vmm;
    }

    /** The call with the flows is refused where nothing is held for the move; it is made without flows too. */
    @Override
    public void requireHold() throws IOException {
        network.armToLeave(reservation.vmId(), vmm.pid());
        List<OpenFlow> flows = network.flows(reservation.vmId());
        int from = 0;
        do {
            int to = Math.min(flows.size(), from + NetCalls.FLOWS_MOST);
            List<NetCalls.Flow> part =
                    flows.subList(from, to).stream().map(NetCalls.Flow::of).toList();
            target().call(
                            NetCalls.FLOWS,
                            NetCalls.write(new NetCalls.Flows(reservation.vmId(), reservation.moveId(), part)),
                            ASK);
            from = to;
        } while (from < flows.size());
    }

    @Override
    public void tell(String hostId, long turn) throws IOException {
        boolean away = hostId.equals(reservation.to());
        LocationWord word = new LocationWord(
                reservation.vmId(), reservation.from(), hostId, away ? reservation.from() : "", fence(), turn);
        byte[] call = NetCalls.write(word);
        tellAll(call, host -> host.role() == HostRole.EDGE);
        tellAll(call, host -> host.role() != HostRole.EDGE);
        try {
            locations.say(word);
        } catch (IOException recordDecides) {
            log.info("move {}: {}", reservation.moveId(), recordDecides.getMessage());
        }
    }

    /** After a rollback this host owns the VM under a later fence, and only that one is listened to. */
    private long fence() {
        return locations
                .record(reservation.vmId())
                .filter(record -> record.owner().equals(reservation.from()))
                .map(OwnershipRecord::fence)
                .orElse(reservation.fence());
    }

    /** All at once; returns when each has answered or the time is over. */
    private void tellAll(byte[] call, Predicate<HostRecord> which) throws IOException {
        List<Thread> calls = new ArrayList<>();
        for (HostRecord host : locations.others()) {
            if (which.test(host) && !host.peerAddress().isEmpty()) {
                calls.add(Thread.ofVirtual().name("tell-" + host.hostId()).start(() -> tell(host, call)));
            }
        }
        long until = System.nanoTime() + TELL_WITHIN.toNanos();
        try {
            for (Thread one : calls) {
                one.join(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("hostd stops while a vm's address is turned", e);
        }
    }

    private void tell(HostRecord host, byte[] call) {
        try {
            peers.link(host).call(NetCalls.WORD, call, TELL_WITHIN);
        } catch (IOException e) {
            log.warn(
                    "host {} does not hear where vm {} is (what it sends to the wrong host is passed on): {}",
                    host.hostId(),
                    reservation.vmId(),
                    e.getMessage());
        }
    }

    @Override
    public void forward() throws IOException {
        network.forward(reservation.vmId(), underlayOfTarget());
    }

    private InetAddress underlayOfTarget() throws IOException {
        return locations
                .underlay(reservation.to())
                .orElseThrow(() -> new IOException(
                        "host " + reservation.to() + " has no underlay-address: it has no routed vm-network"));
    }

    @Override
    public void deliver() throws IOException {
        network.deliver(reservation.vmId());
    }

    @Override
    public void drain() throws IOException {
        HeldFrames left = network.drain(reservation.vmId());
        if (left.count() > 0) {
            log.info(
                    "move {}: {} packets that the guest did not take in time are carried along",
                    reservation.moveId(),
                    left.count());
            carry(left);
        }
    }

    private void carry(HeldFrames left) throws IOException {
        List<byte[]> part = new ArrayList<>();
        long bytes = 0;
        for (byte[] frame : left.frames()) {
            if (bytes + frame.length > NetCalls.FRAME_BYTES_MOST) {
                carry(part);
                part = new ArrayList<>();
                bytes = 0;
            }
            part.add(frame);
            bytes += frame.length;
        }
        carry(part);
    }

    private void carry(List<byte[]> frames) throws IOException {
        target().call(
                        NetCalls.CARRY,
                        NetCalls.write(new NetCalls.Carry(reservation.vmId(), reservation.moveId(), frames)),
                        ASK);
    }

    @Override
    public int fetch(boolean last) throws IOException {
        int frames = 0;
        boolean more = true;
        while (more) {
            byte[] answer = target().call(
                            NetCalls.FETCH,
                            NetCalls.write(
                                    new NetCalls.Fetch(reservation.vmId(), reservation.moveId(), count, fetched, last)),
                            ASK);
            NetCalls.Fetched came = NetCalls.read(answer, NetCalls.Fetched.class);
            if (!came.frames().isEmpty()) {
                network.inject(reservation.vmId(), came.held());
            }
            count = came.count();
            fetched = came.first() + came.frames().size();
            frames += came.frames().size();
            more = came.more();
        }
        return frames;
    }

    @Override
    public void abandon() {
        log.warn("vm {}: what waits at host {} is given up", reservation.vmId(), reservation.to());
    }

    private PeerLink target() throws IOException {
        HostRecord target = locations
                .host(reservation.to())
                .orElseThrow(() -> new IOException("host " + reservation.to() + " is not in the fleet now"));
        return peers.link(target);
    }
}
