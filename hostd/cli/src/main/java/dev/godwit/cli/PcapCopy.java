package dev.godwit.cli;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Copies a pcap file frame by frame, so that what was copied is a whole file wherever it ends. Source: the pcap file format
 * (draft-ietf-opsawg-pcap), with nanoseconds, little-endian.
 */
final class PcapCopy {
    private static final int HEAD_BYTES = 24;
    private static final int FRAME_HEAD_BYTES = 16;
    private static final int MAGIC_NANOSECONDS = 0xa1b23c4d;
    private static final int MAGIC_MICROSECONDS = 0xa1b2c3d4;
    /** hostd keeps at most 65,536 bytes of a frame, and a little more where a VMM's header goes along. */
    private static final int FRAME_BYTES_MAX = 256 * 1024;

    private final InputStream from;
    private final OutputStream to;
    private volatile long frames;
    private volatile long bytes;

    PcapCopy(InputStream from, OutputStream to) {
        this.from = from;
        this.to = to;
    }

    long frames() {
        return frames;
    }

    /** Of the file so far. */
    long bytes() {
        return bytes;
    }

    /**
     * Copies to the end.
     *
     * @throws IOException it broke off, or is no such file; what is whole was copied
     */
    void run() throws IOException {
        byte[] head = new byte[HEAD_BYTES];
        if (from.readNBytes(head, 0, HEAD_BYTES) < HEAD_BYTES) {
            throw new EOFException("it broke off before its first packet");
        }
        int magic = number(head, 0);
        if (magic != MAGIC_NANOSECONDS && magic != MAGIC_MICROSECONDS) {
            throw new IOException("it is no pcap file; is it a hostd?");
        }
        write(head);
        byte[] frameHead = new byte[FRAME_HEAD_BYTES];
        for (int read = from.readNBytes(frameHead, 0, FRAME_HEAD_BYTES);
                read > 0;
                read = from.readNBytes(frameHead, 0, FRAME_HEAD_BYTES)) {
            int length = number(frameHead, 8);
            if (read < FRAME_HEAD_BYTES || length < 0 || length > FRAME_BYTES_MAX) {
                throw new EOFException("it broke off inside a packet");
            }
            byte[] frame = new byte[FRAME_HEAD_BYTES + length];
            System.arraycopy(frameHead, 0, frame, 0, FRAME_HEAD_BYTES);
            if (from.readNBytes(frame, FRAME_HEAD_BYTES, length) < length) {
                throw new EOFException("it broke off inside a packet");
            }
            write(frame);
            frames++;
        }
    }

    private void write(byte[] whole) throws IOException {
        to.write(whole);
        to.flush();
        bytes += whole.length;
    }

    private static int number(byte[] bytes, int at) {
        return bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff) << 16 | bytes[at + 3] << 24;
    }
}
