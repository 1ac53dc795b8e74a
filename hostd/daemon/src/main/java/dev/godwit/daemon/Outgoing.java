package dev.godwit.daemon;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The body of a request that is passed on, and how long ago it last moved. It is sent once. Thread-safe. */
final class Outgoing {
    private final HttpRequest.BodyPublisher publisher;
    private final LongSupplier nanoTime;
    private volatile long movedAt;

    private Outgoing(Supplier<InputStream> body, LongSupplier nanoTime) {
        this.publisher = HttpRequest.BodyPublishers.ofInputStream(() -> new Watched(body.get()));
        this.nanoTime = nanoTime;
        this.movedAt = nanoTime.getAsLong();
    }

    private Outgoing(byte[] bytes, LongSupplier nanoTime) {
        this.publisher =
                bytes.length == 0 ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(bytes);
        this.nanoTime = nanoTime;
        this.movedAt = nanoTime.getAsLong();
    }

    /**
     * A body that comes while it is sent.
     *
     * @param nanoTime as {@link System#nanoTime}
     */
    static Outgoing stream(Supplier<InputStream> body, LongSupplier nanoTime) {
        return new Outgoing(body, nanoTime);
    }

    /** A body that is at hand; it moves as a whole. */
    static Outgoing bytes(byte[] body) {
        return new Outgoing(body, System::nanoTime);
    }

    HttpRequest.BodyPublisher publisher() {
        return publisher;
    }

    /** Since a byte of it was taken, or its end. */
    long stillNanos() {
        return nanoTime.getAsLong() - movedAt;
    }

    private final class Watched extends FilterInputStream {
        Watched(InputStream body) {
            super(body);
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            movedAt = nanoTime.getAsLong();
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = super.read(buffer, offset, length);
            movedAt = nanoTime.getAsLong();
            return read;
        }
    }
}
