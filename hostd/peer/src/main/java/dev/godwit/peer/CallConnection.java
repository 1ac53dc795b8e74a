package dev.godwit.peer;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One connection for calls: many in flight, answers in any order. Thread-safe. */
final class CallConnection implements AutoCloseable {
    private final Connection connection;
    private final Dialer dialer;
    private final TrafficCount traffic;
    private final Map<Long, CompletableFuture<Answer>> waiting = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();
    private final Thread reading;
    private volatile @Nullable IOException lost;

    CallConnection(Dialer.Dialled dialled, Dialer dialer, TrafficCount traffic) {
        this.connection = dialled.connection();
        this.dialer = dialer;
        this.traffic = traffic;
        this.reading = Thread.ofPlatform()
                .daemon()
                .name("peer-answers-" + dialled.host())
                .start(this::read);
    }

    boolean isOpen() {
        return lost == null && !connection.isClosed();
    }

    CompletableFuture<Answer> send(byte[] message) throws IOException {
        long number = numbers.incrementAndGet();
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        waiting.put(number, answer);
        var _ = answer.whenComplete((done, failed) -> waiting.remove(number));
        try {
            traffic.add(ByteKind.CONTROL, connection.write(Frame.of(Frame.CALL, 0, number, message)));
        } catch (IOException e) {
            connection.close("a call could not be written: " + e.getMessage());
            answer.cancel(false);
            throw e;
        }
        IOException gone = lost;
        if (gone != null) {
            answer.completeExceptionally(gone);
        }
        return answer;
    }

    private void read() {
        try {
            while (true) {
                Frame frame = connection.read();
                switch (frame.type()) {
                    case Frame.HEARTBEAT -> {}
                    case Frame.ANSWER -> {
                        CompletableFuture<Answer> answer = waiting.remove(frame.sequence());
                        // Nobody waits when the call has timed out meanwhile.
                        if (answer != null) {
                            answer.complete(new Answer((frame.flags() & Frame.FLAG_REFUSED) != 0, frame.bytes()));
                        }
                    }
                    default -> throw new BadFrame("frame type " + frame.type() + " as an answer to a call");
                }
            }
        } catch (IOException e) {
            lost = new IOException("the connection was lost before the answer: " + e.getMessage(), e);
        } finally {
            IOException gone = lost == null ? new IOException("the reading thread broke") : lost;
            lost = gone;
            dialer.hangUp(connection);
            waiting.values().forEach(answer -> answer.completeExceptionally(gone));
        }
    }

    @Override
    public void close() {
        connection.close("the link is closed");
        if (Thread.currentThread() != reading) {
            Waits.join(reading, Duration.ofSeconds(5));
        }
    }
}
