package dev.godwit.client;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * Waits until a channel that does not block is ready for one kind of operation. One thread waits; any thread may close, which
 * ends the wait.
 */
final class Readiness implements AutoCloseable {
    private final SocketChannel channel;
    private final int operation;
    private @Nullable Selector selector;
    private boolean closed;

    /** @param operation of {@link java.nio.channels.SelectionKey} */
    Readiness(SocketChannel channel, int operation) {
        this.channel = channel;
        this.operation = operation;
    }

    /**
     * Waits; may return too early.
     *
     * @param timeoutMillis 0: for ever
     * @throws SocketTimeoutException the channel is as it was and may be used again
     * @throws ClosedByInterruptException the thread was interrupted; the channel is closed
     */
    void await(int timeoutMillis) throws IOException {
        try {
            Selector waiting = selector();
            int ready = waiting.select(timeoutMillis);
            waiting.selectedKeys().clear();
            if (Thread.currentThread().isInterrupted()) {
                channel.close();
                close();
                throw new ClosedByInterruptException();
            }
            if (ready == 0 && waiting.isOpen()) {
                throw new SocketTimeoutException("nothing moved for " + timeoutMillis + " ms");
            }
        } catch (ClosedSelectorException e) {
            SocketException over = new SocketException("the socket was closed");
            over.initCause(e);
            throw over;
        }
    }

    private synchronized Selector selector() throws IOException {
        if (closed) {
            throw new ClosedSelectorException();
        }
        Selector known = selector;
        if (known == null) {
            known = Selector.open();
            selector = known; // closed with the rest, whatever comes of it
            channel.register(known, operation);
        }
        return known;
    }

    @Override
    public void close() throws IOException {
        Selector waiting;
        synchronized (this) {
            closed = true;
            waiting = selector;
        }
        if (waiting != null) {
            waiting.close();
        }
    }
}
