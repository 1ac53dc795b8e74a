package dev.godwit.lab.outside;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Sends numbered datagrams at a steady rate and accounts for those that come. Two threads of its own. */
final class DatagramFlows {
    /** Four seconds of datagrams at 1,000/s with the kernel's own overhead: a busy client must not drop what came. */
    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;
    /** How soon the receiver sees that it shall end. */
    private static final int LOOK_MILLIS = 100;

    private final InetSocketAddress target;
    private final DatagramSocket socket;
    private final long intervalNanos;
    private final EpochNanos clock;
    private final Account account = new Account();
    private final Thread sender;
    private final Thread receiver;
    private volatile boolean sendingStopped;
    private volatile boolean receivingStopped;
    private final AtomicLong sent = new AtomicLong();

    DatagramFlows(InetSocketAddress target, int listenPort, int ratePerSecond, EpochNanos clock)
            throws SocketException {
        this.target = target;
        this.socket = new DatagramSocket(listenPort);
        this.intervalNanos = 1_000_000_000L / ratePerSecond;
        this.clock = clock;
        socket.setReceiveBufferSize(RECEIVE_BUFFER_BYTES);
        socket.setSoTimeout(LOOK_MILLIS);
        sender = Thread.ofPlatform().name("datagrams-out").unstarted(this::send);
        receiver = Thread.ofPlatform().name("datagrams-in").unstarted(this::receive);
    }

    /** Takes in what comes. */
    void listen() {
        receiver.start();
    }

    void start() {
        sender.start();
    }

    void stopSending() throws InterruptedException {
        sendingStopped = true;
        sender.join();
    }

    void stopReceiving() throws InterruptedException {
        receivingStopped = true;
        receiver.join();
        socket.close();
    }

    long sent() {
        return sent.get();
    }

    /** To be read after {@link #stopReceiving}. */
    Account received() {
        return account;
    }

    private void send() {
        ByteBuffer buffer = ByteBuffer.allocate(NumberedRecord.BYTES);
        long due = System.nanoTime();
        while (!sendingStopped) {
            long wait = due - System.nanoTime();
            if (wait > 0) {
                LockSupport.parkNanos(wait);
                continue;
            }
            due += intervalNanos;
            buffer.clear();
            new NumberedRecord(sent.get(), clock.now(), 0).put(buffer);
            try {
                socket.send(new DatagramPacket(buffer.array(), NumberedRecord.BYTES, target));
                sent.incrementAndGet();
            } catch (IOException e) {
                System.err.println("outside client: datagram " + sent + " was not sent: " + e.getMessage());
                due = System.nanoTime() + 100 * intervalNanos;
            }
        }
    }

    private void receive() {
        DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
        while (!receivingStopped) {
            try {
                socket.receive(packet);
                if (packet.getLength() == NumberedRecord.BYTES) {
                    account.came(NumberedRecord.of(ByteBuffer.wrap(packet.getData(), 0, NumberedRecord.BYTES))
                            .number());
                }
            } catch (SocketTimeoutException e) {
                // Nothing came: time to look whether to end.
            } catch (IOException | IllegalArgumentException | ArithmeticException e) {
                System.err.println("outside client: a datagram was not counted: " + e.getMessage());
            }
        }
    }
}
