package dev.godwit.guest;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads one stream of one exec from an offset, in order, each byte once, whatever happens to the connection. While a reader is open
 * the process is held back when the reader is slow; close it. Safe for several threads.
 */
public final class OutputReader implements AutoCloseable {
    /** What guestd may send ahead: enough for a fast stream over a round trip, little enough for hundreds of readers. */
    static final int WINDOW_BYTES = 1024 * 1024;
    /** Pieces are joined up to this: a full window is then some hundred objects, and joining copies little. */
    private static final int JOINED_BYTES_MAX = 4096;

    private final GuestChannel channel;
    private final long subscription;
    private final String exec;
    private final OutStream stream;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Output.Piece> pieces = new ArrayDeque<>();
    private final AtomicBoolean creditQueued = new AtomicBoolean();
    private long received;
    private long consumed;
    private long credited;
    private boolean ended;
    private @Nullable GuestException failure;

    OutputReader(GuestChannel channel, long subscription, String exec, OutStream stream, long offset) {
        this.channel = channel;
        this.subscription = subscription;
        this.exec = exec;
        this.stream = stream;
        this.received = offset;
        this.consumed = offset;
        this.credited = offset;
    }

    /**
     * The next bytes, the end, or {@link Output.Quiet} when neither came in time.
     *
     * @throws OffsetGone when guestd no longer has what was not read yet
     * @throws GuestException when guestd forgot the exec, or the channel was closed
     */
    public Output next(Duration patience) throws GuestException, InterruptedException {
        Output.Piece piece;
        boolean wantsCredit;
        lock.lockInterruptibly();
        try {
            long left = patience.toNanos();
            while (pieces.isEmpty() && !ended && failure == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            piece = pieces.poll();
            if (piece == null && failure != null) {
                throw again(failure);
            }
            if (piece == null) {
                return ended ? new Output.End(consumed) : new Output.Quiet(consumed);
            }
            consumed = piece.endOffset();
            // An empty queue asks at once: guestd's ring may be smaller than the window, and then it waits for us.
            wantsCredit = pieces.isEmpty() || consumed - credited >= WINDOW_BYTES / 4;
        } finally {
            lock.unlock();
        }
        if (wantsCredit) {
            sendCredit();
        }
        return piece;
    }

    /** The offset of the next byte that {@link #next} gives. */
    public long offset() {
        lock.lock();
        try {
            return consumed;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        fail(new GuestException("the reader of " + name() + " is closed"));
        channel.unsubscribe(this);
    }

    long subscription() {
        return subscription;
    }

    String name() {
        return stream + " of exec " + exec;
    }

    byte[] subscribePayload() {
        lock.lock();
        try {
            credited = consumed;
            return new Payload()
                    .u64(subscription)
                    .string(exec)
                    .u8(stream.ordinal())
                    .u64(received)
                    .u64(consumed)
                    .u32(WINDOW_BYTES)
                    .done();
        } finally {
            lock.unlock();
        }
    }

    void arrived(long offset, byte[] bytes) {
        boolean repeated = false;
        boolean overrun = false;
        lock.lock();
        try {
            if (failure != null || ended) {
                return;
            }
            long end = offset + bytes.length;
            repeated = end <= received;
            if (end > received && offset <= received) {
                overrun = end - consumed > WINDOW_BYTES;
                if (overrun) {
                    failure = new GuestException("guestd sent " + (end - consumed) + " bytes of " + name()
                            + " ahead, more than its window of " + WINDOW_BYTES);
                    pieces.clear();
                } else {
                    append(Arrays.copyOfRange(bytes, (int) (received - offset), bytes.length));
                    received = end;
                }
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        if (overrun) {
            channel.unsubscribe(this);
        }
        // After a new subscription guestd repeats what was on its way: it is told how far we are.
        if (repeated) {
            sendCredit();
        }
    }

    /** A guest that sends byte by byte must not cost an object a byte: small pieces are joined while they wait. */
    private void append(byte[] fresh) {
        Output.Piece last = pieces.peekLast();
        if (last == null || last.bytes().length + fresh.length > JOINED_BYTES_MAX) {
            pieces.add(new Output.Piece(received, fresh));
            return;
        }
        byte[] joined = Arrays.copyOf(last.bytes(), last.bytes().length + fresh.length);
        System.arraycopy(fresh, 0, joined, last.bytes().length, fresh.length);
        pieces.removeLast();
        pieces.add(new Output.Piece(last.offset(), joined));
    }

    void arrivedEnd(long offset) {
        lock.lock();
        try {
            ended |= offset == received;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void fail(GuestException why) {
        lock.lock();
        try {
            if (failure == null && !ended) {
                failure = why;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void sendCredit() {
        if (!creditQueued.compareAndSet(false, true)) {
            return;
        }
        if (!channel.credit(this)) {
            creditQueued.set(false);
        }
    }

    byte[] creditPayload() {
        creditQueued.set(false);
        lock.lock();
        try {
            credited = consumed;
            return new Payload().u64(subscription).u64(consumed).done();
        } finally {
            lock.unlock();
        }
    }

    /** After a new session no credit is on its way. */
    void forgetCredit() {
        creditQueued.set(false);
    }

    /** The stack of the caller, not of the thread that heard of the failure. */
    private static GuestException again(GuestException failure) {
        String message = String.valueOf(failure.getMessage());
        return failure instanceof OffsetGone gone
                ? new OffsetGone(message, gone.firstKept())
                : new GuestException(message, failure);
    }
}
