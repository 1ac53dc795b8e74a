package dev.godwit.lab.outside;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sends numbered records at a steady rate over one TCP connection and takes in their echoes. A connection that breaks is
 * made anew, and counted: that is what must not happen. Two threads of its own.
 */
final class RecordStream {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
    /** The guest's stack may give up on a connection only after minutes; echoes that are late by this are lost. */
    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(10);
    /** After a failed connect, so that a VM that is gone is not flooded. */
    private static final Duration RECONNECT_PAUSE = Duration.ofMillis(200);

    private final InetSocketAddress target;
    private final long intervalNanos;
    private final EpochNanos clock;
    private final Account account = new Account();
    private final Echoes echoes = new Echoes();
    private final Thread sender;
    private volatile boolean stopped;
    private volatile boolean drained;
    private final AtomicLong sent = new AtomicLong();
    private volatile long answered;
    private final AtomicLong reconnects = new AtomicLong();
    /** Written by the sender only, once it runs. */
    private @Nullable Socket connection;
    /** Written by the sender only. */
    private @Nullable Thread receiver;

    RecordStream(InetSocketAddress target, int ratePerSecond, EpochNanos clock) {
        this.target = target;
        this.intervalNanos = 1_000_000_000L / ratePerSecond;
        this.clock = clock;
        this.sender = Thread.ofPlatform().name("records").unstarted(this::send);
    }

    /** Connects, and starts. */
    void start() throws IOException {
        Socket first = connect();
        connection = first;
        sender.start();
    }

    /** Stops sending, and waits for the echoes of what was sent. */
    void stop() throws InterruptedException {
        stopped = true;
        sender.join();
        long end = System.nanoTime() + DRAIN_LIMIT.toNanos();
        while (answered < sent.get() && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        drained = true;
        Socket last = connection;
        if (last != null) {
            closeQuietly(last);
        }
        Thread reader = receiver;
        if (reader != null) {
            reader.join();
        }
    }

    /** To be read after {@link #stop}. */
    OutsideResult.Tcp tcp() {
        double stall = echoes.maxGapMillis();
        return new OutsideResult.Tcp(
                sent.get(),
                account.received(),
                account.lost(sent.get()),
                account.duplicated(),
                account.reordered(),
                reconnects.get(),
                Double.isNaN(stall) ? null : stall);
    }

    /** To be read after {@link #stop}. */
    Echoes echoes() {
        return echoes;
    }

    private void send() {
        ByteBuffer buffer = ByteBuffer.allocate(NumberedRecord.BYTES);
        long due = System.nanoTime();
        Socket socket = connection;
        startReceiver(socket);
        while (!stopped) {
            long wait = due - System.nanoTime();
            if (wait > 0) {
                LockSupport.parkNanos(wait);
                continue;
            }
            due += intervalNanos;
            buffer.clear();
            new NumberedRecord(sent.get(), clock.now(), 0).put(buffer);
            try {
                if (socket == null) {
                    throw new IOException("not connected");
                }
                socket.getOutputStream().write(buffer.array());
                sent.incrementAndGet();
            } catch (IOException e) {
                System.err.println("outside client: the connection broke at record " + sent + ": " + e.getMessage());
                reconnects.incrementAndGet();
                socket = reconnect();
                connection = socket;
                startReceiver(socket);
                due = System.nanoTime();
            }
        }
    }

    private void startReceiver(@Nullable Socket socket) {
        Thread former = receiver;
        if (former != null) {
            try {
                former.join(Duration.ofSeconds(1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        if (socket != null) {
            receiver = Thread.ofPlatform().name("echoes").start(() -> receive(socket));
        }
    }

    private void receive(Socket socket) {
        byte[] bytes = new byte[NumberedRecord.BYTES];
        try {
            InputStream in = socket.getInputStream();
            while (in.readNBytes(bytes, 0, bytes.length) == bytes.length) {
                long now = clock.now();
                NumberedRecord echo = NumberedRecord.of(ByteBuffer.wrap(bytes));
                account.came(echo.number());
                echoes.came(now, now - echo.sentNanos());
                answered = account.received();
            }
            if (!drained) {
                System.err.println("outside client: the VM closed the connection after record " + answered);
            }
        } catch (IOException | IllegalArgumentException e) {
            if (!drained) {
                System.err.println(
                        "outside client: reading echoes failed after record " + answered + ": " + e.getMessage());
            }
        } finally {
            closeQuietly(socket); // the sender sees it, and connects anew
        }
    }

    private @Nullable Socket reconnect() {
        while (!stopped) {
            try {
                return connect();
            } catch (IOException e) {
                LockSupport.parkNanos(RECONNECT_PAUSE.toNanos());
            }
        }
        return null;
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        try {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            socket.connect(target, (int) CONNECT_LIMIT.toMillis());
            return socket;
        } catch (IOException e) {
            closeQuietly(socket);
            throw e;
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            System.err.println("outside client: closing the connection failed: " + e.getMessage());
        }
    }
}
