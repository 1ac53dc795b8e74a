package dev.godwit.peer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A TCP link that can be cut and that can swallow everything without closing anything. */
final class LinkProxy implements AutoCloseable {
    private final ServerSocket listening;
    private final SocketAddress to;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong bytesOnward = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition open = lock.newCondition();
    private volatile int bytesPerSecond = Integer.MAX_VALUE;
    private volatile long cutAfterBytes = Long.MAX_VALUE;
    private boolean swallowing;

    LinkProxy(SocketAddress to) throws IOException {
        this.to = to;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    SocketAddress address() {
        return new InetSocketAddress(listening.getInetAddress(), listening.getLocalPort());
    }

    int connections() {
        return connections.get();
    }

    /** Bytes that went towards the server. */
    long bytesOnward() {
        return bytesOnward.get();
    }

    void cut() {
        for (Socket socket : sockets) {
            close(socket);
        }
    }

    /** Cuts once so many more bytes have gone towards the server, in the middle of whatever that is. */
    void cutAfter(long bytes) {
        cutAfterBytes = bytesOnward.get() + bytes;
    }

    /** Lets so much pass towards the server. */
    void throttle(int bytesEachSecond) {
        bytesPerSecond = bytesEachSecond;
    }

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
                connections.incrementAndGet();
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

    private void pump(Socket from, Socket onward, boolean toServer) {
        try (from;
                onward;
                InputStream in = from.getInputStream();
                OutputStream out = onward.getOutputStream()) {
            byte[] bytes = new byte[65536];
            for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
                waitWhileSwallowing();
                if (toServer && bytesPerSecond < Integer.MAX_VALUE) {
                    new CountDownLatch(1).await(1_000_000_000L * n / bytesPerSecond, TimeUnit.NANOSECONDS);
                }
                int pass = n;
                if (toServer && bytesOnward.addAndGet(n) >= cutAfterBytes) {
                    pass = (int) Math.max(0, n - (bytesOnward.get() - cutAfterBytes));
                }
                out.write(bytes, 0, pass);
                if (pass < n) {
                    cutAfterBytes = Long.MAX_VALUE;
                    cut();
                }
            }
        } catch (IOException | InterruptedException e) {
            // A cut link: both ends see it on their own sockets.
            close(onward);
        } finally {
            sockets.remove(from);
            sockets.remove(onward);
        }
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

    private static void close(Socket socket) {
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
