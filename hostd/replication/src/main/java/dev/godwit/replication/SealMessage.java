package dev.godwit.replication;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The digests of all volumes, as they travel, and the target's answer to them. */
final class SealMessage {
    private static final int DIGEST_BYTES = 24;

    private SealMessage() {}

    /** What the target says: an empty sentence when all are equal. */
    record Answer(long pagesHeld, String difference) {
        byte[] bytes() {
            byte[] text = difference.getBytes(StandardCharsets.UTF_8);
            return ByteBuffer.allocate(8 + text.length)
                    .putLong(pagesHeld)
                    .put(text)
                    .array();
        }

        static Answer of(byte[] bytes) throws IOException {
            if (bytes.length < 8) {
                throw new IOException("the target's answer to the digests has " + bytes.length + " bytes");
            }
            return new Answer(
                    ByteBuffer.wrap(bytes).getLong(), new String(bytes, 8, bytes.length - 8, StandardCharsets.UTF_8));
        }
    }

    static byte[] bytes(List<PageTable.Digest> digests) {
        ByteBuffer message = ByteBuffer.allocate(digests.size() * DIGEST_BYTES);
        digests.forEach(
                digest -> message.putLong(digest.pages()).putLong(digest.high()).putLong(digest.low()));
        return message.array();
    }

    static List<PageTable.Digest> digests(ByteBuffer message, int volumes) throws IOException {
        if (message.remaining() != volumes * DIGEST_BYTES) {
            throw new IOException(
                    "digests of " + volumes + " volumes have " + message.remaining() + " bytes, which is wrong");
        }
        List<PageTable.Digest> digests = new ArrayList<>();
        for (int i = 0; i < volumes; i++) {
            digests.add(new PageTable.Digest(message.getLong(), message.getLong(), message.getLong()));
        }
        return digests;
    }
}
