package dev.godwit.cli;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** A body in chunks. Source: RFC 9112, section 7.1. */
final class ChunkedBody extends InputStream {
    private static final int LINE_CHARACTERS_MAX = 4096;

    /** Trailers are not sent by hostd; a proxy's few are passed over. */
    private static final int TRAILERS_MAX = 100;

    private final Connection connection;
    private long left;
    private boolean first = true;
    private boolean ended;

    ChunkedBody(Connection connection) {
        this.connection = connection;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (left == 0 && !ended) {
            nextChunk();
        }
        if (ended) {
            return -1;
        }
        int read = connection.read(buffer, offset, (int) Math.min(length, left));
        if (read < 0) {
            throw new EOFException("it closed the connection inside a chunk");
        }
        left -= read;
        return read;
    }

    private void nextChunk() throws IOException {
        if (!first && !connection.line(LINE_CHARACTERS_MAX).isEmpty()) {
            throw new IOException("a chunk of its answer does not end where it said");
        }
        first = false;
        String line = connection.line(LINE_CHARACTERS_MAX);
        int semicolon = line.indexOf(';');
        String size = semicolon < 0 ? line : line.substring(0, semicolon);
        try {
            left = Long.parseLong(size.strip(), 16);
        } catch (NumberFormatException e) {
            throw new IOException("\"" + size + "\" in its answer is not the size of a chunk", e);
        }
        if (left < 0) {
            throw new IOException("\"" + size + "\" in its answer is not the size of a chunk");
        }
        if (left == 0) {
            ended = true;
            for (int i = 0; !connection.line(LINE_CHARACTERS_MAX).isEmpty(); i++) {
                if (i == TRAILERS_MAX) {
                    throw new IOException("its answer has more than " + TRAILERS_MAX + " trailers");
                }
            }
        }
    }
}
