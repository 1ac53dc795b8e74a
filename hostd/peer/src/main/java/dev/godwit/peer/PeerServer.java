package dev.godwit.peer;

import dev.godwit.tls.Anteroom;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The port that peers connect to: calls and streams, each on connections of its own.
 *
 * <p>One platform thread a connection reads it; bytes that are no frame of ours close the connection, with one line in
 * the log. Thread-safe.
 */
public final class PeerServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PeerServer.class);
    /** Connections of peers at once: bounds threads and descriptors. */
    private static final int CONNECTIONS_MAX = 256;
    /** Connections of strangers at once, besides. */
    private static final int STRANGERS_MAX = 128;
    /** Of one address; the hosts of a small fleet may be behind one. */
    private static final int STRANGERS_PER_SOURCE_MAX = 64;
    /** After a failed accept (no descriptors left): long enough not to spin, short enough not to be noticed. */
    private static final Duration ACCEPT_RETRY = Duration.ofMillis(100);
    /** A thread whose connection is closed ends at once, unless its receiver writes to a slow disk. */
    private static final Duration THREADS_END_WITHIN = Duration.ofSeconds(5);

    private final ServerSocketChannel listening;
    private final SocketAddress address;
    private final String hostId;
    private final PeerLimits limits;
    private final PeerSockets sockets;
    private final Watch watch;
    private final TrafficCount traffic = new TrafficCount();
    private final ServedCalls calls;
    private final ServedStreams streams;
    private final Semaphore room = new Semaphore(CONNECTIONS_MAX);
    private final Anteroom strangers;
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final ThreadFactory readers;
    private final Duration threadsEndWithin;
    private final Thread accepting;
    private final AtomicLong connections = new AtomicLong();
    private final AtomicLong garbage = new AtomicLong();
    private final CountDownLatch closing = new CountDownLatch(1);

    /**
     * Listens at once.
     *
     * @param listen address of the peer port; port 0 picks one
     * @param hostId what this host calls itself
     * @throws IOException the address can't be listened on
     */
    public PeerServer(
            SocketAddress listen,
            String hostId,
            CallHandler calls,
            StreamHandler streams,
            PeerLimits limits,
            PeerSockets sockets)
            throws IOException {
        this(
                listen,
                hostId,
                calls,
                streams,
                limits,
                sockets,
                Thread.ofPlatform().daemon().name("peer-serve-" + hostId).factory(),
                THREADS_END_WITHIN);
    }

    PeerServer(
            SocketAddress listen,
            String hostId,
            CallHandler calls,
            StreamHandler streams,
            PeerLimits limits,
            PeerSockets sockets,
            ThreadFactory readers,
            Duration threadsEndWithin)
            throws IOException {
        this.readers = readers;
        this.threadsEndWithin = threadsEndWithin;
        this.hostId = new Hello(hostId, Hello.Use.CALLS).host();
        this.limits = limits;
        this.sockets = sockets;
        this.calls = new ServedCalls(calls, new AnswerMemory(limits.answersKeptFor()), traffic);
        this.streams = new ServedStreams(streams, limits.abandonAfter(), traffic);
        this.listening = sockets.listen(listen);
        this.address = listening.getLocalAddress();
        this.watch = new Watch("peer-watch-" + hostId, limits.silenceAfter());
        this.strangers = new Anteroom(
                STRANGERS_MAX,
                STRANGERS_PER_SOURCE_MAX,
                limits.connectTimeout().multipliedBy(2)); // the watch comes first
        watch.onTick(strangers::sweep);
        watch.onTick(this.streams::dropAbandoned);
        this.accepting =
                Thread.ofPlatform().daemon().name("peer-accept-" + hostId).start(this::accept);
    }

    /** Where it listens; the port that was chosen when the caller gave 0. */
    public SocketAddress address() {
        return address;
    }

    /** What it has seen since its start. */
    public PeerCounters counters() {
        return new PeerCounters(
                connections.get(),
                garbage.get(),
                watch.silent(),
                watch.open(),
                streams.count(),
                streams.resumed(),
                streams.duplicates());
    }

    /** Bytes this end has handed to its sockets: hellos, acknowledgements, answers. */
    public Traffic traffic() {
        return traffic.read();
    }

    private void accept() {
        while (closing.getCount() > 0) {
            try {
                begin(listening.accept());
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | OutOfMemoryError e) {
                // Out of memory: no thread can be made. That ends when others do.
                LOG.warn("accepting a peer on {} failed, trying again: {}", address, e.toString());
                if (Waits.onceClosed(closing, ACCEPT_RETRY)) {
                    return;
                }
            }
        }
    }

    /** Starts the thread that serves the connection. */
    private void begin(SocketChannel channel) throws IOException {
        boolean started = false;
        Thread serving = null;
        Anteroom.Visit visit = strangers.enter(source(channel), () -> close(channel));
        try {
            serving = readers.newThread(() -> serve(channel, visit));
            threads.add(serving);
            serving.start();
            started = true;
        } finally {
            if (!started) {
                if (serving != null) {
                    threads.remove(serving);
                }
                visit.leave();
                channel.close();
            }
        }
    }

    private static InetAddress source(SocketChannel channel) throws IOException {
        return channel.getRemoteAddress() instanceof InetSocketAddress from
                ? from.getAddress()
                : InetAddress.getLoopbackAddress();
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a connection failed: {}", e.getMessage());
        }
    }

    private void serve(SocketChannel channel, Anteroom.Visit visit) {
        String remote = remote(channel);
        try {
            serve(new Connection(sockets.accepted(channel), remote), remote, visit);
        } catch (IOException e) {
            LOG.info("connection from {} lost: {}", remote, e.getMessage());
        } finally {
            visit.leave();
            close(channel);
            threads.remove(Thread.currentThread());
        }
    }

    private void serve(Connection connection, String remote, Anteroom.Visit visit) {
        try {
            connection.deadline(limits.connectTimeout());
            watch.add(connection);
            connection.secure();
            serve(connection, visit);
        } catch (BadFrame e) {
            garbage.incrementAndGet();
            LOG.warn("connection from {} closed: {}", remote, e.getMessage());
        } catch (EOFException e) {
            LOG.debug("connection from {} ended", remote);
        } catch (IOException e) {
            LOG.info("connection from {} lost: {}", remote, e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("connection from {} closed", remote, e);
        } finally {
            watch.remove(connection);
            connection.release();
        }
    }

    private static String remote(SocketChannel channel) {
        try {
            SocketAddress address = channel.getRemoteAddress();
            return address == null || address instanceof UnixDomainSocketAddress ? "a local peer" : address.toString();
        } catch (IOException e) {
            return "a peer that has gone";
        }
    }

    private void serve(Connection connection, Anteroom.Visit visit) throws IOException {
        Hello hello = Hello.of(connection.read());
        connection.requireHost(hello.host());
        if (hello.protocol() != Hello.PROTOCOL) {
            byte[] refusal = Refusal.bytes(Dialer.versions(hello));
            traffic.add(ByteKind.CONTROL, connection.write(Frame.of(Frame.REFUSED, 0, 0, refusal)));
            return;
        }
        if (!visit.leave()) {
            return;
        }
        if (!room.tryAcquire()) {
            throw new IOException("there are " + CONNECTIONS_MAX + " connections of peers already");
        }
        try {
            greet(connection, hello);
        } finally {
            room.release();
        }
    }

    private void greet(Connection connection, Hello hello) throws IOException {
        connection.noDeadline();
        connection.trust();
        byte[] mine = new Hello(hostId, hello.use()).json();
        traffic.add(ByteKind.CONTROL, connection.write(Frame.of(Frame.HELLO, 0, 0, mine)));
        connections.incrementAndGet();
        connection.beat(limits.heartbeatEvery(), traffic);
        switch (hello.use()) {
            case CALLS -> calls.serve(connection, hello.host());
            case STREAM -> streams.serve(connection, hello.host());
        }
    }

    /** Closes the port and every connection; streams that have not ended are lost to their receivers. */
    @Override
    public void close() {
        closing.countDown();
        try {
            listening.close();
        } catch (IOException e) {
            LOG.warn("closing the peer port {} failed: {}", address, e.getMessage());
        }
        accepting.interrupt();
        watch.close();
        Waits.joinAll(threads, threadsEndWithin);
        // What still serves is inside a receiver, in a write that nobody takes: an interrupt ends that.
        threads.forEach(Thread::interrupt);
        Waits.joinAll(threads, threadsEndWithin);
        streams.close(threadsEndWithin);
        Waits.join(accepting, Duration.ofSeconds(5));
    }
}
