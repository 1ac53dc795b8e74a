package dev.godwit.cli;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads server-sent events. Used by one thread. Source: the HTML standard, section 9.2. */
final class Sse {
    /** The longest event is 64 KiB of output in base64 with its frame. */
    private static final int EVENT_BYTES_MAX = 1024 * 1024;

    private static final int BUFFER_BYTES = 64 * 1024;

    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int at;
    private int end;

    /** An event. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Message(String name, byte[] data) {}

    Sse(InputStream in) {
        this.in = in;
    }

    /** The next event, heartbeats passed over; null at the end. */
    @Nullable
    Message next() throws IOException {
        String name = "message";
        StringBuilder data = new StringBuilder();
        for (String line = line(); line != null; line = line()) {
            if (line.isEmpty()) {
                if (!data.isEmpty()) {
                    return new Message(name, data.toString().getBytes(StandardCharsets.UTF_8));
                }
                name = "message";
            } else if (line.startsWith("event:")) {
                name = line.substring("event:".length()).strip();
            } else if (line.startsWith("data:")) {
                data.append(data.isEmpty() ? "" : "\n")
                        .append(line.substring("data:".length()).strip());
            }
        }
        return null;
    }

    private @Nullable String line() throws IOException {
        byte[] line = new byte[256];
        int length = 0;
        while (true) {
            if (at == end) {
                at = 0;
                end = in.read(buffer, 0, buffer.length);
                if (end < 0) {
                    end = 0;
                    if (length > 0) {
                        throw new EOFException("the stream ended inside a line");
                    }
                    return null;
                }
            }
            byte next = buffer[at++];
            if (next == '\n') {
                return new String(line, 0, length, StandardCharsets.UTF_8);
            }
            if (length == line.length) {
                if (length >= EVENT_BYTES_MAX) {
                    throw new IOException("an event of the stream is longer than " + EVENT_BYTES_MAX + " bytes");
                }
                line = Arrays.copyOf(line, 2 * length);
            }
            line[length++] = next;
        }
    }
}
