package dev.godwit.net;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Numbered datagrams one way, from one machine to another. Counting starts when the first has come through. */
final class DatagramStream {
    private static final long NOT_COUNTED = -1;
    private static final int RECEIVE_BUFFER_BYTES = 208 << 10;
    private static final Duration COMES_THROUGH_WITHIN = Duration.ofSeconds(20);
    private static final Duration LAST_WITHIN = Duration.ofSeconds(3);

    private final String what;
    private final Future<Long> sender;
    private final Future<DatagramStream> receiver;
    private final BitSet seen = new BitSet();
    private volatile boolean open;
    private volatile boolean stopped;
    private volatile long sent;
    private volatile long received;
    private volatile long longestGapNanos;
    private long duplicated;
    private long reordered;

    private DatagramStream(String what, TestNamespace from, TestNamespace to, InetAddress address, int port, int rate)
            throws IOException {
        this.what = what;
        DatagramSocket in = to.in(() -> new DatagramSocket(port));
        in.setReceiveBufferSize(RECEIVE_BUFFER_BYTES);
        in.setSoTimeout(20);
        this.receiver = to.start(() -> receive(in));
        this.sender = from.start(() -> send(address, port, rate));
    }

    /** Starts to send, and returns when the first has come through. */
    static DatagramStream start(
            String what, TestNamespace from, TestNamespace to, InetAddress address, int port, int perSecond)
            throws IOException {
        DatagramStream made = new DatagramStream(what, from, to, address, port, perSecond);
        long deadline = System.nanoTime() + COMES_THROUGH_WITHIN.toNanos();
        while (!made.open) {
            if (System.nanoTime() > deadline) {
                made.stopped = true;
                throw new AssertionError(what + ": nothing came through within " + COMES_THROUGH_WITHIN);
            }
            Thread.onSpinWait();
        }
        return made;
    }

    private long send(InetAddress address, int port, int rate) throws IOException {
        Pace pace = new Pace(rate);
        try (DatagramSocket out = new DatagramSocket()) {
            out.connect(address, port);
            while (!stopped) {
                pace.awaitTurn();
                long number = open ? sent : NOT_COUNTED;
                byte[] body = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
                try {
                    out.send(new DatagramPacket(body, body.length));
                } catch (IOException notYet) {
                    if (open) {
                        throw notYet;
                    }
                    continue; // no route or neighbour yet
                }
                if (number != NOT_COUNTED) {
                    sent++;
                }
            }
            return sent;
        }
    }

    private DatagramStream receive(DatagramSocket in) throws IOException {
        try (in) {
            DatagramPacket packet = new DatagramPacket(new byte[64], 64);
            long highest = -1;
            long lastNanos = 0;
            long giveUp = Long.MAX_VALUE;
            while (!(stopped && sender.isDone() && (received >= sent || System.nanoTime() > giveUp))) {
                if (stopped && giveUp == Long.MAX_VALUE) {
                    giveUp = System.nanoTime() + LAST_WITHIN.toNanos();
                }
                try {
                    in.receive(packet);
                } catch (SocketTimeoutException nothing) {
                    continue;
                }
                open = true;
                long number = ByteBuffer.wrap(packet.getData()).getLong();
                if (number == NOT_COUNTED) {
                    continue;
                }
                long now = System.nanoTime();
                if (lastNanos != 0) {
                    longestGapNanos = Math.max(longestGapNanos, now - lastNanos);
                }
                lastNanos = now;
                if (seen.get((int) number)) {
                    duplicated++;
                    continue;
                }
                seen.set((int) number);
                received++;
                if (number < highest) {
                    reordered++;
                }
                highest = Math.max(highest, number);
            }
            return this;
        }
    }

    /** How many have come so far. */
    long receivedSoFar() {
        return received;
    }

    /** Stops to send and waits for the last. */
    Found stop() {
        stopped = true;
        try {
            sender.get(10, TimeUnit.SECONDS);
            receiver.get(10, TimeUnit.SECONDS);
        } catch (Exception failed) {
            throw new AssertionError(what + ": " + failed.getMessage(), failed);
        }
        return new Found(what, sent, sent - received, duplicated, reordered, Duration.ofNanos(longestGapNanos));
    }

    /** What became of the datagrams. */
    record Found(String what, long sent, long lost, long duplicated, long reordered, Duration longestGap) {}
}
