package dev.godwit.daemon;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads another host's server-sent events. Used by one thread. Source: the HTML standard, section 9.2. */
final class SseReader {
    /** An event with the longest detail has a tenth of it. */
    private static final int LINE_BYTES_MAX = 256 * 1024;

    private final InputStream in;
    private final Runnable heard;

    /** @param heard told of each line, a heartbeat too */
    SseReader(InputStream in, Runnable heard) {
        this.in = new BufferedInputStream(in);
        this.heard = heard;
    }

    /** The next message; null at the end. */
    @Nullable
    EventPart next() throws IOException {
        String name = "message";
        String id = null;
        StringBuilder data = new StringBuilder();
        for (String line = line(); line != null; line = line()) {
            heard.run();
            if (line.isEmpty()) {
                if (!data.isEmpty()) {
                    return new EventPart(name, id, data.toString());
                }
                name = "message";
                id = null;
            } else if (line.startsWith("event:")) {
                name = line.substring("event:".length()).strip();
            } else if (line.startsWith("id:")) {
                id = line.substring("id:".length()).strip();
            } else if (line.startsWith("data:")) {
                data.append(line.substring("data:".length()).strip()); // JSON of hostd is on one line
            }
        }
        return null;
    }

    private @Nullable String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                return null;
            }
            if (line.size() == LINE_BYTES_MAX) {
                throw new IOException("a line of the stream is longer than " + LINE_BYTES_MAX + " bytes");
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
