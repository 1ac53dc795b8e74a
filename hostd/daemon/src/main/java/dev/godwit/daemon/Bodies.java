package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** How bodies are read, never more than their bound. */
final class Bodies {
    private Bodies() {}

    /** The longest exec request in characters, each at most 6 bytes of JSON ({@code \\u0000}), with room for its frame. */
    static final int JSON_BYTES_MAX = 8 * 1024 * 1024;

    /** Standard input comes in pieces; a larger piece only holds up the connection. */
    static final long STDIN_BYTES_MAX = 16L * 1024 * 1024;

    /** Files that go into a guest are tools and sources; larger things belong into an image. */
    static final long FILE_BYTES_MAX = 4L * 1024 * 1024 * 1024;

    /** Reads a JSON body of this shape. */
    static <T> T json(ServerRequest request, Class<T> shape) throws IOException {
        try (InputStream body = raw(request, JSON_BYTES_MAX)) {
            return Json.read(body.readAllBytes(), shape);
        }
    }

    /** The body as it comes; reading past {@code bytesMax} fails with 413. */
    static InputStream raw(ServerRequest request, long bytesMax) {
        if (request.headers().contains(HeaderNames.CONTENT_LENGTH)
                && request.headers().contentLength().orElse(0) > bytesMax) {
            throw tooLarge(bytesMax);
        }
        if (!request.content().hasEntity()) {
            return InputStream.nullInputStream();
        }
        return new Bounded(request.content().inputStream(), bytesMax);
    }

    private static BadRequest tooLarge(long bytesMax) {
        return new BadRequest(
                ProblemCode.TOO_LARGE,
                "The body is larger than the " + bytesMax + " bytes that this request may have.");
    }

    private static final class Bounded extends FilterInputStream {
        private final long bytesMax;
        private long bytes;

        Bounded(InputStream in, long bytesMax) {
            super(in);
            this.bytesMax = bytesMax;
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            count(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = super.read(buffer, offset, length);
            count(Math.max(read, 0));
            return read;
        }

        private void count(int read) {
            bytes += read;
            if (bytes > bytesMax) {
                throw tooLarge(bytesMax);
            }
        }
    }
}
