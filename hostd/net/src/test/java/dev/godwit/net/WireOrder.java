package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.linux.Links;
import dev.godwit.linux.PacketSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * In which order hosts send the numbered datagrams of {@link DatagramStream}s, seen where a frame is given to the driver of
 * the network card.
 *
 * <p>What the receiver sees says less of a host. A veth, which is the wire here, puts a frame into a queue of the CPU that
 * sends it: what waited for its time by the CPU whose timer said so, the next perhaps by the one where the VMM runs. While
 * the first CPU is busy the second overtakes. In 17 runs of some 22,000 datagrams the guest, the tap, its pace and the hosts
 * sent all in order; two veths on, up to 3 of a run had changed places, and up to 19 at the client. A network card that
 * queues by flow keeps the order.
 */
final class WireOrder implements AutoCloseable {
    private static final String DEVICE = "up0";
    private static final Duration LOOK_UP_EVERY = Duration.ofMillis(20);
    private static final int ETHERNET_BYTES = 14;
    private static final int V4_BYTES = 20;
    private static final int V6_BYTES = 40;
    private static final int UDP_BYTES = 8;
    private static final int VXLAN_BYTES = 8;
    private static final int VXLAN_PORT = 4789;
    private static final int ETHERTYPE_V6 = 0x86dd;
    private static final int UDP = 17;

    private static final int OUTER_SOURCE = ETHERNET_BYTES + 12;
    private static final int OUTER_PORT = ETHERNET_BYTES + V4_BYTES + 2;
    private static final int INNER = ETHERNET_BYTES + V4_BYTES + UDP_BYTES + VXLAN_BYTES;
    private static final int SHORTEST = INNER + ETHERNET_BYTES + V4_BYTES + UDP_BYTES + Long.BYTES;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final List<Future<List<Sighting>>> watches = new ArrayList<>();
    private volatile boolean stopped;

    /**
     * A datagram on a host's wire.
     *
     * @param place among what was seen there: the clocks of CPUs differ by some microseconds
     */
    private record Sighting(int port, long number, InetAddress host, int place, Instant at) {}

    private WireOrder() {}

    /** Watches what hosts send to some ports. */
    static WireOrder of(List<TestHost> hosts, List<Integer> ports) {
        WireOrder made = new WireOrder();
        for (TestHost host : hosts) {
            PacketSocket socket = host.machine().in(() -> {
                try (Links links = Links.open()) {
                    return PacketSocket.toCapture(
                            links.find(DEVICE).orElseThrow().index());
                }
            });
            made.watches.add(host.machine().start(() -> made.watch(socket, host.underlay(), ports)));
        }
        return made;
    }

    private List<Sighting> watch(PacketSocket socket, InetAddress host, List<Integer> ports) throws IOException {
        List<Sighting> seen = new ArrayList<>();
        try (socket;
                Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocate(PacketSocket.FRAME_BYTES_MAX);
            MemorySegment source = MemorySegment.ofArray(host.getAddress());
            while (true) {
                int length = socket.receive(frame);
                if (length < 0) {
                    if (stopped) {
                        return seen;
                    }
                    socket.awaitFrame(LOOK_UP_EVERY);
                } else if (length >= SHORTEST
                        && number(frame, OUTER_PORT) == VXLAN_PORT
                        && frame.asSlice(OUTER_SOURCE, source.byteSize()).mismatch(source) < 0) {
                    boolean v6 = number(frame, INNER + 12) == ETHERTYPE_V6;
                    int ip = INNER + ETHERNET_BYTES;
                    int udp = ip + (v6 ? V6_BYTES : V4_BYTES);
                    int port = number(frame, udp + 2);
                    long number = frame.get(LONG, udp + UDP_BYTES);
                    if (frame.get(ValueLayout.JAVA_BYTE, ip + (v6 ? 6L : 9L)) == UDP
                            && ports.contains(port)
                            && number >= 0) {
                        seen.add(new Sighting(port, number, host, seen.size(), socket.receivedAt()));
                    }
                }
            }
        }
    }

    private static int number(MemorySegment frame, int at) {
        return frame.get(SHORT, at) & 0xffff;
    }

    /** Each of so many was sent once, and after those before it, whichever host that was. */
    void requireInOrder(long sent) throws Exception {
        stopped = true;
        List<Sighting> all = new ArrayList<>();
        for (Future<List<Sighting>> watch : watches) {
            all.addAll(watch.get(20, TimeUnit.SECONDS));
        }
        assertThat((long) all.size()).as("datagrams on the wire").isEqualTo(sent);
        all.sort(Comparator.comparing(Sighting::port).thenComparing(Sighting::number));
        for (int i = 1; i < all.size(); i++) {
            Sighting before = all.get(i - 1);
            Sighting after = all.get(i);
            if (before.port() == after.port()) {
                assertThat(after.number()).as("after %s", before).isEqualTo(before.number() + 1);
                boolean later = before.host().equals(after.host())
                        ? after.place() > before.place()
                        : after.at().isAfter(before.at());
                assertThat(later).as("%s, and then %s", before, after).isTrue();
            }
        }
    }

    @Override
    public void close() {
        stopped = true;
    }
}
