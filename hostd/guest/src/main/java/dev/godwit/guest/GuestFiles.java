package dev.godwit.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** Files in pieces of one frame each; guestd renames a file to its name when its last piece is on the disk. */
final class GuestFiles {
    /** Half a frame: the rest of it is path and numbers. */
    private static final int PIECE_BYTES = Frame.PAYLOAD_BYTES_MAX / 2;

    private final GuestChannel channel;
    private final RandomGenerator random;

    GuestFiles(GuestChannel channel, RandomGenerator random) {
        this.channel = channel;
        this.random = random;
    }

    void put(InputStream content, String path, int mode) throws IOException, InterruptedException {
        long transfer = random.nextLong() | 1;
        long offset = 0;
        byte[] piece = content.readNBytes(PIECE_BYTES);
        while (true) {
            byte[] following = piece.length < PIECE_BYTES ? new byte[0] : content.readNBytes(PIECE_BYTES);
            boolean last = following.length == 0;
            byte[] payload = new Payload()
                    .u64(transfer)
                    .string(path)
                    .u32(mode)
                    .u64(offset)
                    .u8(last ? 1 : 0)
                    .bytes(piece)
                    .done();
            channel.call(FrameType.PUT, () -> payload);
            if (last) {
                return;
            }
            offset += piece.length;
            piece = following;
        }
    }

    /** Until the end of the file as it is when it is reached. */
    long get(String path, OutputStream into) throws IOException, InterruptedException {
        long offset = 0;
        while (true) {
            byte[] payload =
                    new Payload().string(path).u64(offset).u32(PIECE_BYTES).done();
            Words words = channel.call(FrameType.GET, () -> payload);
            words.u64();
            byte[] piece = words.bytes();
            if (piece.length == 0) {
                return offset;
            }
            into.write(piece);
            offset += piece.length;
        }
    }

    FileStat stat(String path) throws GuestException, InterruptedException {
        byte[] payload = new Payload().string(path).done();
        Words words = channel.call(FrameType.STAT, () -> payload);
        return new FileStat(words.u32(), words.u64(), words.u32(), words.u32(), Instant.ofEpochSecond(0, words.u64()));
    }
}
