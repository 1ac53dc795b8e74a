package dev.godwit.edge;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One TCP connection that sends numbers and gets them back, one after the other, for as long as it lives. */
final class EchoStream implements AutoCloseable {
    private final Socket socket;
    private final Thread thread;
    private final AtomicLong echoed = new AtomicLong();
    private volatile long longestNanos;
    private volatile @Nullable IOException ended;
    private volatile boolean closed;

    EchoStream(TestNamespace from, InetAddress to, int port) throws IOException {
        socket = from.call(() -> {
            Socket made = new Socket();
            made.connect(new InetSocketAddress(to, port), 10_000);
            made.setTcpNoDelay(true);
            return made;
        });
        thread = Thread.ofPlatform().daemon().start(this::run);
    }

    private void run() {
        try {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            for (long number = 0; !closed; number++) {
                long sent = System.nanoTime();
                out.writeLong(number);
                long got = in.readLong();
                if (got != number) {
                    throw new IOException("sent " + number + ", got " + got);
                }
                longestNanos = Math.max(longestNanos, System.nanoTime() - sent);
                echoed.incrementAndGet();
                LockSupport.parkNanos(2_000_000);
            }
        } catch (IOException e) {
            ended = closed ? null : e;
        }
    }

    long echoed() {
        return echoed.get();
    }

    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    /** How it ended; null while it goes on. */
    @Nullable
    IOException ended() {
        return ended;
    }

    int localPort() {
        return socket.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        closed = true;
        socket.close();
    }
}
