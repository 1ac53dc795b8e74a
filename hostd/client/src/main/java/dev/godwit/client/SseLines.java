package dev.godwit.client;

import java.io.IOException;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/** Reads server-sent events. Used by one thread. Source: the HTML standard, section 9.2. */
final class SseLines {
    /** The longest event is 64 KiB of output in base64 with its frame; more is not ours. */
    private static final int EVENT_CHARACTERS_MAX = 1024 * 1024;

    /**
     * An event.
     *
     * @param name {@code message} when the sender gave none
     */
    record Message(String name, String data) {}

    private final BufferedSource source;

    SseLines(BufferedSource source) {
        this.source = source;
    }

    /** The next event, heartbeats passed over; null at the end of the stream. */
    @Nullable
    Message next() throws IOException {
        String name = "message";
        StringBuilder data = null;
        while (true) {
            String line = source.readUtf8LineStrict(EVENT_CHARACTERS_MAX);
            if (line.isEmpty()) {
                if (data != null) {
                    return new Message(name, data.toString());
                }
                name = "message";
                if (source.exhausted()) {
                    return null;
                }
            } else if (line.startsWith("event:")) {
                name = value(line, "event:");
            } else if (line.startsWith("data:")) {
                data = data == null ? new StringBuilder() : data.append('\n');
                data.append(value(line, "data:"));
                if (data.length() > EVENT_CHARACTERS_MAX) {
                    throw new IOException(
                            "an event of the stream is longer than " + EVENT_CHARACTERS_MAX + " characters");
                }
            }
        }
    }

    private static String value(String line, String field) {
        int start = field.length();
        return line.startsWith(" ", start) ? line.substring(start + 1) : line.substring(start);
    }
}
