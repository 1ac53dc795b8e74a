package dev.godwit.replication;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/**
 * A link between two hosts that can be cut, made to swallow everything, and that lets a test change frames on their way
 * to the target. It knows the wire format by itself, so that it does not inherit a mistake.
 */
final class FrameProxy implements AutoCloseable {
    private static final int HEADER_BYTES = 28;
    /** Frame types of the wire that carry a stream's frames. */
    private static final int STREAM_FRAME = 8;

    /** Changes a frame of the stream; returns the payload to pass on. */
    @FunctionalInterface
    interface Saboteur {
        ByteBuffer payload(int type, long sequence, ByteBuffer payload);
    }

    private final ServerSocket listening;
    private final SocketAddress to;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger carried = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition open = lock.newCondition();
    private volatile Saboteur saboteur = (type, sequence, payload) -> payload;
    private volatile boolean flipBit;
    private boolean swallowing;

    FrameProxy(SocketAddress to) throws IOException {
        this.to = to;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    SocketAddress address() {
        return new InetSocketAddress(listening.getInetAddress(), listening.getLocalPort());
    }

    void sabotage(Saboteur how) {
        saboteur = how;
    }

    /** Flips one bit of the next stream frame and leaves its checksum. */
    void flipOneBit() {
        flipBit = true;
    }

    /** Frames of streams that went to the target. */
    int carried() {
        return carried.get();
    }

    /** Ends every connection, as a reset does. */
    void cut() {
        for (Socket socket : sockets) {
            closeQuietly(socket);
        }
    }

    /** From now on nothing passes and nothing is answered; connections stay open. New ones are not accepted in effect. */
    void swallow(boolean on) {
        lock.lock();
        try {
            swallowing = on;
            open.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket from = listening.accept();
                Socket onward = new Socket();
                onward.connect(to);
                sockets.add(from);
                sockets.add(onward);
                Thread.ofVirtual().start(() -> pump(from, onward, true));
                Thread.ofVirtual().start(() -> pump(onward, from, false));
            }
        } catch (IOException e) {
            cut();
        }
    }

    private void pump(Socket from, Socket onward, boolean toTarget) {
        try (from;
                onward;
                InputStream in = from.getInputStream();
                OutputStream out = onward.getOutputStream()) {
            if (toTarget) {
                frames(new DataInputStream(in), out);
            } else {
                byte[] bytes = new byte[8192];
                for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
                    waitWhileSwallowing();
                    out.write(bytes, 0, n);
                }
            }
        } catch (IOException | InterruptedException e) {
            // A cut link: both ends see it on their own sockets.
            closeQuietly(onward);
        } finally {
            sockets.remove(from);
            sockets.remove(onward);
        }
    }

    private void frames(DataInputStream in, OutputStream out) throws IOException, InterruptedException {
        while (true) {
            byte[] header = new byte[HEADER_BYTES];
            in.readFully(header);
            ByteBuffer head = ByteBuffer.wrap(header);
            byte[] payload = new byte[head.getInt(20)];
            in.readFully(payload);
            waitWhileSwallowing();
            if (header[4] == STREAM_FRAME) {
                payload = changed(head, payload);
                carried.incrementAndGet();
            }
            out.write(header);
            out.write(payload);
        }
    }

    private byte[] changed(ByteBuffer head, byte[] payload) {
        ByteBuffer after = saboteur.payload(head.getInt(8), head.getLong(12), ByteBuffer.wrap(payload));
        byte[] bytes = new byte[after.remaining()];
        after.get(bytes);
        head.putInt(20, bytes.length).putInt(24, 0);
        CRC32C crc = new CRC32C();
        crc.update(head.slice(0, HEADER_BYTES));
        crc.update(bytes);
        head.putInt(24, (int) crc.getValue());
        if (flipBit) {
            flipBit = false;
            bytes[bytes.length / 2] ^= 1;
        }
        return bytes;
    }

    private void waitWhileSwallowing() throws InterruptedException {
        lock.lock();
        try {
            while (swallowing) {
                open.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException("closing a test socket failed", e);
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        swallow(false);
        cut();
    }
}
