package dev.godwit.daemon;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a file out of a guest while another thread copies it; what ends the copy too early fails the reading. A file that
 * grows meanwhile is cut off at the size it had. Read and closed by one thread.
 */
final class GuestFileCopy extends InputStream {
    private static final Logger LOG = LoggerFactory.getLogger(GuestFileCopy.class);

    /** A copy out of the guest is held at this much until the reader takes it. */
    private static final int PIPE_BYTES = 256 << 10;

    /** Copies a whole file. */
    interface Source {
        void copyTo(OutputStream into) throws IOException;
    }

    private final String what;
    private final long sizeBytes;
    private final PipedInputStream pipe = new PipedInputStream(PIPE_BYTES);
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;
    private long bytes;

    private GuestFileCopy(String what, long sizeBytes) {
        this.what = what;
        this.sizeBytes = sizeBytes;
    }

    /**
     * Begins to copy.
     *
     * @param what the file and whose it is, for the error's sentence
     * @param sizeBytes what it is to have, or {@link GuestFile#UNKNOWN}
     */
    static GuestFileCopy begin(String what, long sizeBytes, Source source) throws IOException {
        GuestFileCopy copy = new GuestFileCopy(what, sizeBytes);
        PipedOutputStream into = new PipedOutputStream(copy.pipe);
        Thread.ofVirtual().name("copy-of-" + what).start(() -> copy.run(into, source));
        return copy;
    }

    private void run(PipedOutputStream into, Source source) {
        try (into) {
            try {
                source.copyTo(into);
            } catch (IOException | RuntimeException e) {
                failure = e; // before the pipe's end, which the reader takes for the file's
                if (!closed) {
                    LOG.warn("reading {} ended: {}", what, e.getMessage());
                }
            }
        } catch (IOException e) {
            LOG.debug("the reader of {} has gone: {}", what, e.getMessage());
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (bytes == sizeBytes) {
            return -1;
        }
        int wanted = sizeBytes < 0 ? length : (int) Math.min(length, sizeBytes - bytes);
        int read = pipe.read(buffer, offset, wanted);
        if (read < 0) {
            throwIfShort();
            return -1;
        }
        bytes += read;
        return read;
    }

    private void throwIfShort() throws IOException {
        Throwable broken = failure;
        if (broken instanceof ControlException refused) {
            throw refused;
        }
        if (broken != null) {
            throw new IOException(
                    "Reading " + what + " broke off after " + bytes + " bytes: " + broken.getMessage() + ".", broken);
        }
        if (sizeBytes >= 0) {
            throw new EOFException(what + " was made shorter while it was read: it had " + sizeBytes
                    + " bytes, and ended after " + bytes + ". Ask again.");
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        pipe.close();
    }
}
