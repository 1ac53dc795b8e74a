package dev.godwit.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one connection to a guest's socket: connects again by itself, greets with a fresh session number, and tells its listener when
 * guestd has answered. Two virtual threads: one connects and reads, one writes, so that a paused VM, whose socket takes no more bytes,
 * blocks no caller. Nothing is logged while a VM is paused or absent.
 */
final class GuestLink implements AutoCloseable {
    /** What the link tells; called on its reading thread, must not block. */
    interface Listener {
        void established();

        void received(FrameType type, Frame frame) throws GuestException;

        /** Frames were lost on the way: what is open has to be asked again. */
        void framesLost();
    }

    /** A frame to send; its payload is made at the moment of sending. */
    record Outgoing(FrameType type, long request, Supplier<byte[]> payload) {}

    private static final Logger log = LoggerFactory.getLogger(GuestLink.class);
    private static final Duration BACKOFF_FIRST = Duration.ofMillis(10);
    /** A VMM that starts takes about 100 ms to listen; more often than this is noise. */
    private static final Duration BACKOFF_MAX = Duration.ofMillis(250);
    /** A guest can make us greet and hang up as often as it likes, but not fill the log. */
    private static final Duration TELL_EVERY = Duration.ofSeconds(2);

    /** A guest that breaks the protocol costs us a connection each time: it gets one every few seconds. */
    private static final Duration BACKOFF_BROKEN_MAX = Duration.ofSeconds(5);

    private static final Duration HELLO_AGAIN_FIRST = Duration.ofSeconds(2);
    /** A paused VM answers nothing for long; each greeting is 60 bytes of its socket's buffer. */
    private static final Duration HELLO_AGAIN_MAX = Duration.ofSeconds(30);
    /** Above the bound of calls, readers and credits of a channel together, so it is never full in order. */
    private static final int QUEUE_MAX = 2048;

    private final String vm;
    private final Path socket;
    private final RandomGenerator random;
    private final Listener listener;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable Connection connection;
    private volatile String state = "not connected yet";
    /** Of the reading thread. */
    private long told;

    GuestLink(String vm, Path socket, RandomGenerator random, Listener listener) {
        this.vm = vm;
        this.socket = socket;
        this.random = random;
        this.listener = listener;
        this.thread = Thread.ofVirtual().name("guest-" + vm).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** False when there is no session; the listener hears of the next one. */
    boolean send(Outgoing outgoing) {
        Connection now = connection;
        return now != null && now.greeted && now.queue.offer(outgoing);
    }

    boolean established() {
        Connection now = connection;
        return now != null && now.greeted;
    }

    /** Why there may be no answer, for messages. */
    String state() {
        return state;
    }

    private void run() {
        Duration backoff = BACKOFF_FIRST;
        while (closed.getCount() > 0) {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                boolean greeted = serve(channel);
                backoff = greeted ? BACKOFF_FIRST : min(backoff.multipliedBy(2), BACKOFF_MAX);
            } catch (GuestException | RuntimeException broken) {
                state = "the connection to " + socket + " was closed here: " + broken;
                log.warn("vm {}: {}", vm, state);
                backoff = min(backoff.multipliedBy(2), BACKOFF_BROKEN_MAX);
            } catch (IOException lost) {
                state = "no connection to " + socket + ": " + lost.getMessage();
                log.debug("vm {}: {}", vm, state);
                backoff = min(backoff.multipliedBy(2), BACKOFF_MAX);
            }
            try {
                if (closed.await(backoff.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Until the connection ends; true if guestd had answered. */
    private boolean serve(SocketChannel channel) throws IOException {
        Connection mine = new Connection(channel);
        state = "connected to " + socket + ", guestd has not answered HELLO";
        connection = mine;
        Thread writer = Thread.ofVirtual().name("guest-" + vm + "-writer").start(mine::write);
        try {
            mine.read();
        } catch (GuestException broken) {
            throw broken;
        } catch (IOException lost) {
            if (!mine.opened) {
                throw lost;
            }
            log.debug("vm {}: connection lost: {}", vm, lost.toString());
        } finally {
            connection = null;
            mine.over = true;
            writer.interrupt();
        }
        state = "the connection to " + socket + " was closed by the VMM";
        if (mine.opened) {
            tell("closed");
        }
        return mine.opened;
    }

    private void tell(String what) {
        long now = System.nanoTime();
        if (told == 0 || now - told > TELL_EVERY.toNanos()) {
            told = now;
            log.info("vm {}: channel to guestd {}", vm, what);
        } else {
            log.debug("vm {}: channel to guestd {}", vm, what);
        }
    }

    private static Duration min(Duration left, Duration right) {
        return left.compareTo(right) < 0 ? left : right;
    }

    @Override
    public void close() {
        closed.countDown();
        Connection now = connection;
        if (now != null) {
            now.end();
        }
        thread.interrupt();
    }

    /** One connection and, once greeted, one session. */
    private final class Connection {
        private final SocketChannel channel;
        private final BlockingQueue<Outgoing> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
        private final long session = random.nextLong() | 1;
        private final FrameReader frames = new FrameReader(session);
        private volatile boolean greeted;
        private boolean opened;
        private volatile boolean over;
        private final AtomicBoolean greetingWaits = new AtomicBoolean();
        private int sendSequence;
        private int expectedSequence;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        void end() {
            over = true;
            try {
                channel.close();
            } catch (IOException closing) {
                log.debug("vm {}: closing: {}", vm, closing.toString());
            }
        }

        private void read() throws IOException {
            while (channel.read(frames.room()) >= 0) {
                for (Optional<Frame> frame = frames.next(); frame.isPresent(); frame = frames.next()) {
                    hear(frame.get());
                }
            }
        }

        private void hear(Frame frame) throws GuestException {
            Optional<FrameType> type = FrameType.ofCode(frame.type());
            if (frame.session() != session || type.isEmpty()) {
                return;
            }
            if (type.get() == FrameType.HELLO_ACK) {
                welcome(frame);
            } else if (type.get() == FrameType.ERROR && (!greeted || GuestCalls.isNoSession(frame))) {
                // guestd began anew (a guest that rebooted keeps its socket) and does not know the session.
                greetAgain();
            } else if (greeted) {
                boolean lost = frame.sequence() != expectedSequence || type.get() == FrameType.GAP;
                expectedSequence = frame.sequence() + 1;
                listener.received(type.get(), frame);
                if (lost) {
                    listener.framesLost();
                }
            }
        }

        private void greetAgain() {
            greeted = false;
            state = "connected to " + socket + ", guestd began anew and has not answered HELLO";
            // One that waits will do.
            if (greetingWaits.compareAndSet(false, true)) {
                greetingWaits.set(queue.offer(hello()));
            }
        }

        private void welcome(Frame frame) {
            expectedSequence = frame.sequence() + 1;
            if (greeted) {
                return;
            }
            greeted = true;
            state = "connected to " + socket;
            tell("open");
            opened = true;
            listener.established();
        }

        private Outgoing hello() {
            return new Outgoing(
                    FrameType.HELLO, 0, () -> new Payload().string(vm).done());
        }

        private void write() {
            Duration again = HELLO_AGAIN_FIRST;
            Outgoing next = hello();
            try {
                while (!over) {
                    if (next.type() == FrameType.HELLO) {
                        greetingWaits.set(false);
                    }
                    Frame frame = new Frame(
                            next.type().code(),
                            sendSequence++,
                            session,
                            next.request(),
                            next.payload().get());
                    for (ByteBuffer bytes = frame.encoded(); bytes.hasRemaining(); ) {
                        channel.write(bytes);
                    }
                    Outgoing taken = greeted ? queue.take() : queue.poll(again.toMillis(), TimeUnit.MILLISECONDS);
                    again = min(again.multipliedBy(2), HELLO_AGAIN_MAX);
                    next = taken == null ? hello() : taken;
                }
            } catch (IOException lost) {
                log.debug("vm {}: write: {}", vm, lost.toString());
                end();
            } catch (RuntimeException broken) {
                log.error("vm {}: a frame could not be made; the connection begins anew", vm, broken);
                end();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
