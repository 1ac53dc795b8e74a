package dev.godwit.net;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Sends as fast as it can from one machine to another, and counts there what comes, with IP and Ethernet headers. */
final class Flood implements AutoCloseable {
    private static final int PAYLOAD_BYTES = 1200;
    /** Ethernet, IPv4 and UDP; TCP with time stamps in full segments. */
    private static final int UDP_HEADER_BYTES = 14 + 20 + 8;

    private static final double TCP_OVERHEAD = (VmPortSpec.MTU + 14.0) / (VmPortSpec.MTU - 20 - 32);
    /** More than any limit of the tests, and little enough for the guest's own queue not to take the whole machine. */
    private static final int DATAGRAMS_PER_SECOND = 3_000;

    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;

    /** The guest's queue is long and tells its TCP nothing: what is under way must fit into a round trip. */
    private static final int SEND_BUFFER_BYTES = 64 << 10;

    private static final int CONNECT_MILLIS = 20_000;

    private final Future<Boolean> sender;
    private final Future<Boolean> receiver;
    private volatile boolean stopped;
    private volatile long bytes;
    private volatile Optional<InetAddress> heardFrom = Optional.empty();
    private long bytesBefore;
    private long nanosBefore;

    /** What came in some time. */
    record Measured(long bytes, Duration time) {
        double bitsPerSecond() {
            return bytes * 8e9 / time.toNanos();
        }
    }

    private interface Part {
        void run(Flood flood) throws IOException;
    }

    private Flood(TestNamespace from, TestNamespace to, Part sends, Part receives) {
        this.receiver = to.start(() -> {
            receives.run(this);
            return true;
        });
        this.sender = from.start(() -> {
            sends.run(this);
            return true;
        });
    }

    static Flood ofDatagrams(TestNamespace from, TestNamespace to, InetAddress address, int port) throws IOException {
        DatagramSocket in = to.in(() -> new DatagramSocket(port));
        in.setReceiveBufferSize(RECEIVE_BUFFER_BYTES);
        in.setSoTimeout(20);
        return new Flood(from, to, flood -> flood.sendDatagrams(address, port), flood -> flood.receiveDatagrams(in));
    }

    static Flood ofTcp(TestNamespace from, TestNamespace to, InetAddress address, int port) throws IOException {
        ServerSocket listener = to.in(() -> new ServerSocket(port));
        Socket out = from.in(() -> {
            Socket made = new Socket();
            made.setSendBufferSize(SEND_BUFFER_BYTES);
            made.connect(new InetSocketAddress(address, port), CONNECT_MILLIS);
            return made;
        });
        return new Flood(
                from,
                to,
                flood -> {
                    byte[] chunk = new byte[64 << 10];
                    while (!flood.stopped) {
                        try {
                            out.getOutputStream().write(chunk);
                        } catch (SocketException ended) {
                            return;
                        }
                    }
                },
                flood -> {
                    try (listener;
                            out;
                            Socket in = listener.accept()) {
                        flood.receive(in.getInputStream());
                    }
                });
    }

    private void sendDatagrams(InetAddress address, int port) throws IOException {
        Pace pace = new Pace(DATAGRAMS_PER_SECOND);
        try (DatagramSocket out = new DatagramSocket()) {
            // Not connected: that nobody listens any more is no error of the flood's.
            while (!stopped) {
                pace.awaitTurn();
                out.send(new DatagramPacket(new byte[PAYLOAD_BYTES], PAYLOAD_BYTES, address, port));
            }
        }
    }

    private void receiveDatagrams(DatagramSocket in) throws IOException {
        try (in) {
            DatagramPacket packet = new DatagramPacket(new byte[PAYLOAD_BYTES], PAYLOAD_BYTES);
            while (!stopped) {
                try {
                    in.receive(packet);
                } catch (SocketTimeoutException nothing) {
                    continue;
                }
                heardFrom = Optional.of(packet.getAddress());
                bytes += PAYLOAD_BYTES + UDP_HEADER_BYTES;
            }
        }
    }

    private void receive(InputStream in) throws IOException {
        byte[] chunk = new byte[64 << 10];
        long payload = 0;
        while (!stopped) {
            int got = in.read(chunk);
            if (got < 0) {
                return;
            }
            payload += got;
            bytes = (long) (payload * TCP_OVERHEAD);
        }
    }

    /** Who the last datagram came from. */
    Optional<InetAddress> heardFrom() {
        return heardFrom;
    }

    /** Starts to measure, when something has come. */
    void begin() {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (bytes == 0) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("nothing came through");
            }
            Resident.passTime(Duration.ofMillis(1));
        }
        bytesBefore = bytes;
        nanosBefore = System.nanoTime();
    }

    /** What came since {@link #begin}. */
    Measured end() {
        return new Measured(bytes - bytesBefore, Duration.ofNanos(System.nanoTime() - nanosBefore));
    }

    Measured measure(Duration time) {
        begin();
        Resident.passTime(time);
        return end();
    }

    @Override
    public void close() {
        stopped = true;
        try {
            receiver.get(30, TimeUnit.SECONDS);
            sender.get(30, TimeUnit.SECONDS);
        } catch (Exception failed) {
            throw new AssertionError("a flood did not end: " + failed, failed);
        }
    }
}
