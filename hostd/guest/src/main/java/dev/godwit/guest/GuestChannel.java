package dev.godwit.guest;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The channel to one guest's guestd, over the unix socket at which its VMM serves the port {@code org.godwit.guestd.0}.
 *
 * <p>It connects, and connects again, by itself. A request that is open when the connection breaks is asked again on the next one; an
 * {@link OutputReader} goes on at its offset. After a move, a new channel on the other host's socket goes on from the same offsets and
 * exec ids. Every method that waits has a bound and then throws {@link GuestSilent}, which is not a failure of the request. Safe for
 * all threads.
 */
public final class GuestChannel implements AutoCloseable {
    /** What a request waits by default: a guest under emulation on a busy machine answers within a second. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final int ENTROPY_BYTES = 64;
    /** The readers of one VM: clients of its execs' streams; guestd has room for 256. */
    private static final int READERS_MAX = 200;
    /** guestd answers when it has room, so a second answer in a row without progress is a guest that plays with us. */
    static final int STDIN_IDLE_MAX = 4;

    private final Duration patience;
    private final InstantSource clock;
    private final SecureRandom random;
    private final GuestLink link;
    private final GuestCalls calls;
    private final GuestFiles files;
    private final Map<Long, OutputReader> readers = new ConcurrentHashMap<>();
    private final Map<Long, Long> resubscriptions = new ConcurrentHashMap<>();
    private final AtomicLong nextReader = new AtomicLong(1);
    private final String vm;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long changes;

    private GuestChannel(String vm, Path socket, Duration patience, InstantSource clock, SecureRandom random) {
        this.vm = vm;
        this.patience = patience;
        this.clock = clock;
        this.random = random;
        this.calls = new GuestCalls(vm, socket);
        this.files = new GuestFiles(this, random);
        this.link = new GuestLink(vm, socket, random, new Hearing());
    }

    /** A channel that connects from now on, with the usual patience. */
    public static GuestChannel open(String vm, Path socket) {
        return open(vm, socket, PATIENCE, InstantSource.system(), new SecureRandom());
    }

    /**
     * A channel that connects from now on.
     *
     * @param patience how long a request waits for its answer
     * @param clock what the guest's clock is set to
     * @param random session numbers and the guest's entropy
     */
    public static GuestChannel open(
            String vm, Path socket, Duration patience, InstantSource clock, SecureRandom random) {
        GuestChannel channel = new GuestChannel(vm, socket, patience, clock, random);
        channel.link.start();
        return channel;
    }

    /** Returns when guestd has answered on the present connection. */
    public void awaitReady(Duration atMost) throws GuestException, InterruptedException {
        long left = atMost.toNanos();
        lock.lockInterruptibly();
        try {
            while (!link.established()) {
                if (left <= 0) {
                    throw new GuestSilent("guestd of vm " + vm + " was not ready after " + atMost.toMillis() + " ms: "
                            + link.state() + ". Read the VM's console log.");
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Gives the guest fresh entropy, the time, its network and its name; before anything else after a start, restore or move. */
    public Resumed resume(ResumeRequest request) throws GuestException, InterruptedException {
        byte[] entropy = new byte[ENTROPY_BYTES];
        random.nextBytes(entropy);
        Supplier<byte[]> payload = () -> request.payload(entropy, nanos(clock.instant()));
        Words words = call(FrameType.RESUME, payload);
        return new Resumed(Duration.ofNanos(words.u64()), Duration.ofNanos(words.u64()));
    }

    public Pong ping() throws GuestException, InterruptedException {
        long from = System.nanoTime();
        byte[] payload = new Payload().bytes(new byte[0]).done();
        Words words = call(FrameType.PING, () -> payload);
        return new Pong(
                Duration.ofNanos(words.u64()),
                Instant.ofEpochSecond(0, words.u64()),
                Duration.ofNanos(System.nanoTime() - from));
    }

    /** Starts the process, or finds it started; its id in the guest. */
    public long exec(ExecRequest request) throws GuestException, InterruptedException {
        byte[] payload = request.payload();
        if (payload.length > Frame.PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException("exec " + request.id() + " has " + payload.length
                    + " bytes of arguments and environment, more than " + Frame.PAYLOAD_BYTES_MAX);
        }
        return call(FrameType.EXEC, () -> payload).u64();
    }

    /** A reader of a stream from an absolute offset; as many as are wanted may read the same one. */
    public OutputReader output(String exec, OutStream stream, long offset) throws GuestException, InterruptedException {
        if (readers.size() >= READERS_MAX) {
            throw new GuestException("vm " + vm + " has " + readers.size() + " open readers of output: close some");
        }
        OutputReader reader = new OutputReader(this, nextReader.getAndIncrement(), exec, stream, offset);
        readers.put(reader.subscription(), reader);
        boolean subscribed = false;
        try {
            call(FrameType.SUBSCRIBE, reader::subscribePayload);
            subscribed = true;
        } finally {
            if (!subscribed) {
                readers.remove(reader.subscription());
            }
        }
        return reader;
    }

    /**
     * Writes stdin from an absolute offset (what is before it, or was written already, is not written again).
     *
     * @return the offset behind the last of {@code bytes}
     * @throws GuestException guestd refused, or its answers lead nowhere
     */
    public long stdin(String exec, long offset, byte[] bytes, boolean eof) throws GuestException, InterruptedException {
        long end = offset + bytes.length;
        long accepted = offset;
        int idle = 0;
        do {
            int from = (int) (accepted - offset);
            int length = Math.min(bytes.length - from, Frame.PAYLOAD_BYTES_MAX / 2);
            byte[] payload = new Payload()
                    .string(exec)
                    .u64(accepted)
                    .u8(eof && from + length == bytes.length ? 1 : 0)
                    .bytes(bytes, from, length)
                    .done();
            long answer = call(FrameType.STDIN, () -> payload).u64();
            idle = answer == accepted ? idle + 1 : 0;
            if (answer < accepted || (idle > STDIN_IDLE_MAX && accepted < end)) {
                throw new GuestException("vm " + vm + ": guestd answered STDIN of exec " + exec + " from " + accepted
                        + " with " + answer + (idle > 0 ? ", " + idle + " times" : "") + ": it takes nothing");
            }
            // More than we sent is no lie: another connection may have written the same stdin before.
            accepted = Math.min(answer, end);
        } while (accepted < end);
        return end;
    }

    /** Sends a signal, by name with or without SIG, to the exec's process group. */
    public void signal(String exec, String name) throws GuestException, InterruptedException {
        signal(exec, name, random.nextLong() | 1);
    }

    /**
     * The same under the caller's key.
     *
     * @param key not 0; guestd keeps an exec's last 16, and a signal that comes again with one of them is not sent again
     */
    public void signal(String exec, String name, long key) throws GuestException, InterruptedException {
        byte[] payload =
                new Payload().string(exec).u32(Signals.number(name)).u64(key).done();
        call(FrameType.SIGNAL, () -> payload);
    }

    public void resize(String exec, int rows, int columns) throws GuestException, InterruptedException {
        byte[] payload = new Payload().string(exec).u32(rows).u32(columns).done();
        call(FrameType.WINSIZE, () -> payload);
    }

    public ExecStatus status(String exec) throws GuestException, InterruptedException {
        return status(exec, patience);
    }

    private ExecStatus status(String exec, Duration atMost) throws GuestException, InterruptedException {
        byte[] payload = new Payload().string(exec).done();
        return ExecStatus.read(calls.call(link, FrameType.STATUS, () -> payload, atMost));
    }

    /** The state of the exec when it has ended, or when the time is over and it still runs. */
    public ExecState await(String exec, Duration atMost) throws GuestException, InterruptedException {
        long until = System.nanoTime() + atMost.toNanos();
        while (true) {
            long seen = changes();
            ExecState state = status(exec, longest(Duration.ofNanos(until - System.nanoTime()), patience))
                    .state();
            if (state.ended() || !awaitChange(seen, until - System.nanoTime())) {
                return state;
            }
        }
    }

    /** Ends guestd's memory of an exec that has ended. */
    public void forget(String exec) throws GuestException, InterruptedException {
        byte[] payload = new Payload().string(exec).done();
        call(FrameType.FORGET, () -> payload);
    }

    /** The execs that guestd knows, by id. */
    public Map<String, ExecState> execs() throws GuestException, InterruptedException {
        Words words = call(FrameType.LIST, () -> new byte[0]);
        Map<String, ExecState> states = new LinkedHashMap<>();
        while (words.hasMore()) {
            states.put(words.string(), ExecState.read(words));
        }
        return states;
    }

    /** Copies a file into the guest; it appears under its name only when it is whole and on the disk. */
    public void put(Path local, String guestPath, int mode) throws IOException, InterruptedException {
        try (InputStream content = new BufferedInputStream(Files.newInputStream(local))) {
            put(content, guestPath, mode);
        }
    }

    public void put(InputStream content, String guestPath, int mode) throws IOException, InterruptedException {
        files.put(content, guestPath, mode);
    }

    /** Copies a file out of the guest; its bytes. */
    public long get(String guestPath, OutputStream into) throws IOException, InterruptedException {
        return files.get(guestPath, into);
    }

    public FileStat stat(String guestPath) throws GuestException, InterruptedException {
        return files.stat(guestPath);
    }

    /** Asks for power-off: processes get 2 s after SIGTERM, the root is written and remounted read-only. Returns at once. */
    public void shutdown() throws GuestException, InterruptedException {
        call(FrameType.SHUTDOWN, () -> new byte[0]);
    }

    /** Leaves the guest as it is: its execs run on. */
    @Override
    public void close() {
        link.close();
        calls.closed();
        readers.values().forEach(reader -> reader.fail(new GuestException("the channel to vm " + vm + " is closed")));
    }

    Words call(FrameType type, Supplier<byte[]> payload) throws GuestException, InterruptedException {
        return calls.call(link, type, payload, patience);
    }

    boolean credit(OutputReader reader) {
        return link.send(new GuestLink.Outgoing(FrameType.CREDIT, 0, reader::creditPayload));
    }

    void unsubscribe(OutputReader reader) {
        if (readers.remove(reader.subscription()) == null) {
            return;
        }
        dropResubscription(reader.subscription());
        byte[] payload = new Payload().u64(reader.subscription()).done();
        link.send(new GuestLink.Outgoing(FrameType.UNSUBSCRIBE, 0, () -> payload));
    }

    private void dropResubscription(long subscription) {
        Long request = resubscriptions.remove(subscription);
        if (request != null) {
            calls.drop(request);
        }
    }

    private void resubscribe(OutputReader reader) {
        dropResubscription(reader.subscription());
        reader.forgetCredit();
        CompletableFuture<Frame> answer = new CompletableFuture<>();
        answer.thenAccept(frame -> {
            dropResubscription(reader.subscription());
            if (frame.type() == FrameType.ERROR.code()) {
                reader.fail(calls.refusal(FrameType.SUBSCRIBE, frame));
            }
        });
        resubscriptions.put(
                reader.subscription(),
                calls.callInBackground(link, FrameType.SUBSCRIBE, reader::subscribePayload, answer));
    }

    private static long nanos(Instant instant) {
        return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
    }

    private static Duration longest(Duration left, Duration right) {
        return left.compareTo(right) > 0 ? left : right;
    }

    private long changes() {
        lock.lock();
        try {
            return changes;
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitChange(long seen, long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (changes == seen && left > 0) {
                left = changed.awaitNanos(left);
            }
            return changes != seen;
        } finally {
            lock.unlock();
        }
    }

    private void noteChange() {
        lock.lock();
        try {
            changes++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What comes in, on the link's reading thread. */
    private final class Hearing implements GuestLink.Listener {
        @Override
        public void established() {
            askAgain();
        }

        @Override
        public void framesLost() {
            askAgain();
        }

        private void askAgain() {
            calls.sendAllAgain(link);
            readers.values().forEach(GuestChannel.this::resubscribe);
            noteChange();
        }

        @Override
        public void received(FrameType type, Frame frame) throws GuestException {
            Words words = frame.words();
            switch (type) {
                case OK, ERROR -> calls.answered(frame);
                case OUTPUT -> {
                    OutputReader reader = readers.get(words.u64());
                    if (reader != null) {
                        long offset = words.u64();
                        reader.arrived(offset, words.rest());
                    }
                }
                case OUTPUT_END -> {
                    OutputReader reader = readers.get(words.u64());
                    if (reader != null) {
                        reader.arrivedEnd(words.u64());
                    }
                }
                case EXITED -> noteChange();
                default -> {
                    // A GAP is acted on by the link; requests do not come from a guest.
                }
            }
        }
    }
}
