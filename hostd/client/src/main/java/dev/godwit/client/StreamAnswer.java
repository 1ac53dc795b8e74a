package dev.godwit.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/**
 * The answer that a stream reads from, one after the other. One thread reads; any thread may close. A response is closed
 * by whoever is the last to use it: its buffers are not made for two threads, and one that is never closed keeps its
 * connection in the pool for ever.
 */
final class StreamAnswer implements AutoCloseable {
    /** Asks an endpoint for the stream. */
    interface Asking {
        Endpoints.Answer ask() throws IOException;
    }

    private final Object guard = new Object();
    private Endpoints.@Nullable Answer attached;
    private @Nullable SseLines lines;
    private boolean reading;
    private boolean closed;

    /**
     * Reads the next message, from a new answer where there is none.
     *
     * @return null at the answer's end
     * @throws InterruptedIOException {@link #close} was called
     */
    SseLines.@Nullable Message next(Asking asking) throws IOException {
        beginReading();
        try {
            SseLines from = lines;
            if (from == null) {
                Endpoints.Answer answer = asking.ask();
                attach(answer);
                from = new SseLines(answer.body().source());
                lines = from;
            }
            return from.next();
        } catch (IOException broken) {
            throwIfClosed(broken);
            throw broken;
        } finally {
            endReading();
        }
    }

    /** Lets go of the answer; the next read asks for another. For the reading thread. */
    void drop() {
        Endpoints.Answer answer;
        synchronized (guard) {
            answer = attached;
            attached = null;
        }
        lines = null;
        if (answer != null) {
            answer.call().cancel();
            answer.response().close();
        }
    }

    /** Throws once {@link #close} was called. */
    void throwIfClosed(@Nullable Throwable cause) throws InterruptedIOException {
        synchronized (guard) {
            if (closed) {
                InterruptedIOException over = new InterruptedIOException("the stream was closed");
                over.initCause(cause);
                throw over;
            }
        }
    }

    private void beginReading() throws InterruptedIOException {
        synchronized (guard) {
            throwIfClosed(null);
            reading = true;
        }
    }

    private void attach(Endpoints.Answer answer) throws InterruptedIOException {
        synchronized (guard) {
            attached = answer; // also of a closed stream: the end of reading lets go of it
            throwIfClosed(null);
        }
    }

    private void endReading() {
        boolean last;
        synchronized (guard) {
            reading = false;
            last = closed;
        }
        if (last) {
            drop();
        }
    }

    /** Ends the stream; a reader that waits is woken, and lets go of the answer. */
    @Override
    public void close() {
        boolean last;
        synchronized (guard) {
            closed = true;
            last = !reading;
            if (attached != null) {
                attached.call().cancel();
            }
        }
        if (last) {
            drop();
        }
    }
}
