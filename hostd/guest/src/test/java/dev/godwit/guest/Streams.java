package dev.godwit.guest;

import java.io.ByteArrayOutputStream;
import java.time.Duration;

/** Reads a stream to its end. */
final class Streams {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Streams() {}

    static byte[] readAll(OutputReader reader) throws GuestException, InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (true) {
            switch (reader.next(PATIENCE)) {
                case Output.Piece piece -> all.writeBytes(piece.bytes());
                case Output.End _ -> {
                    return all.toByteArray();
                }
                case Output.Quiet quiet -> throw new AssertionError("no output and no end at " + quiet.offset());
            }
        }
    }

    static String text(GuestChannel channel, String exec, OutStream stream)
            throws GuestException, InterruptedException {
        try (OutputReader reader = channel.output(exec, stream, 0)) {
            return new String(readAll(reader), java.nio.charset.StandardCharsets.UTF_8);
        }
    }
}
