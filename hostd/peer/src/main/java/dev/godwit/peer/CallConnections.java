package dev.godwit.peer;

import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The calling end: one connection at a time, made again when lost, with back-off. Thread-safe. */
final class CallConnections implements AutoCloseable {
    /** Nobody listens there. A restart of hostd takes less; a machine whose hostd is gone says it at once, so why wait. */
    private static final Duration REFUSED_MOST = Duration.ofSeconds(4);

    private final Dialer dialer;
    private final TrafficCount traffic = new TrafficCount();
    private final ReentrantLock dialling = new ReentrantLock();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable CallConnection current;

    CallConnections(Dialer dialer) {
        this.dialer = dialer;
    }

    byte[] call(UUID id, String method, byte[] json, Duration timeout, boolean repeat) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        byte[] message = CallMessage.bytes(id, method, json);
        Duration backoff = dialer.limits().backoffFirst();
        IOException trouble;
        long refusedSince = 0;
        do {
            boolean sent = false;
            try {
                CallConnection connection = connection(deadline);
                sent = true;
                return answer(connection.send(message), deadline);
            } catch (PeerRefused e) {
                throw e;
            } catch (TimeoutException e) {
                throw new PeerUnreachable(lost(method, timeout) + ": it is connected but has not answered", e);
            } catch (IOException e) {
                trouble = e;
                if (sent && !repeat) {
                    throw new PeerUnreachable(
                            "call " + method + " to " + dialer.peer() + " may or may not have been done: "
                                    + e.getMessage(),
                            e);
                }
                if (!(e instanceof ConnectException)) {
                    refusedSince = 0;
                } else if (refusedSince == 0) {
                    refusedSince = System.nanoTime();
                } else if (System.nanoTime() - refusedSince > REFUSED_MOST.toNanos()) {
                    throw new PeerUnreachable(
                            "call " + method + " to " + dialer.peer()
                                    + ": nobody listens there any more, its hostd is gone: " + e.getMessage(),
                            e);
                }
            }
            long left = deadline - System.nanoTime();
            Duration wait = backoff.toNanos() < left ? backoff : Duration.ofNanos(Math.max(0, left));
            if (Waits.onceClosed(closed, wait)) {
                throw new PeerUnreachable("call " + method + " to " + dialer.peer() + ": the link is closed", trouble);
            }
            backoff = backoff.multipliedBy(2);
            backoff = backoff.compareTo(dialer.limits().backoffMax()) > 0
                    ? dialer.limits().backoffMax()
                    : backoff;
        } while (System.nanoTime() < deadline);
        throw new PeerUnreachable(lost(method, timeout) + ": " + trouble.getMessage(), trouble);
    }

    private String lost(String method, Duration timeout) {
        return "call " + method + " to " + dialer.peer() + " has no answer within " + timeout.toMillis() + " ms";
    }

    private static byte[] answer(CompletableFuture<Answer> future, long deadline) throws IOException, TimeoutException {
        try {
            Answer answer = future.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (answer.refused()) {
                throw Refusal.of(answer.payload());
            }
            return answer.payload();
        } catch (TimeoutException e) {
            future.cancel(false);
            throw e;
        } catch (InterruptedException e) {
            future.cancel(false);
            throw Waits.interrupted("an answer");
        } catch (ExecutionException e) {
            throw new IOException(
                    String.valueOf(e.getCause() == null ? e : e.getCause().getMessage()), e);
        }
    }

    private CallConnection connection(long deadline) throws IOException, TimeoutException {
        try {
            if (!dialling.tryLock(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                throw new IOException("another call is still connecting");
            }
        } catch (InterruptedException e) {
            throw Waits.interrupted("a connection");
        }
        try {
            CallConnection known = current;
            if (known != null && known.isOpen()) {
                return known;
            }
            if (closed.getCount() == 0) {
                throw new IOException("the link is closed");
            }
            CallConnection made = new CallConnection(dialer.dial(Hello.Use.CALLS, traffic), dialer, traffic);
            current = made;
            return made;
        } finally {
            dialling.unlock();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        dialling.lock();
        try {
            CallConnection last = current;
            if (last != null) {
                last.close();
            }
        } finally {
            dialling.unlock();
        }
    }
}
