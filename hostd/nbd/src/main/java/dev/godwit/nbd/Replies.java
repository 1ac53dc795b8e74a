package dev.godwit.nbd;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** How replies look in a session. */
final class Replies {
    /** Longest reply without data, errors' words included. */
    static final int BYTES_MAX = 128;
    /** Longest header in front of a read's data. */
    static final int READ_HEADER_BYTES_MAX = Wire.CHUNK_HEADER_BYTES + 8;

    private final boolean structured;

    Replies(boolean structured) {
        this.structured = structured;
    }

    int readHeaderBytes() {
        return structured ? READ_HEADER_BYTES_MAX : Wire.SIMPLE_REPLY_BYTES;
    }

    /** The header that the data of a read follows. */
    void readHeader(ByteBuffer into, Request request) {
        if (structured) {
            chunk(into, Wire.REPLY_OFFSET_DATA, request.cookie(), (int) request.length() + 8);
            into.putLong(request.offset());
        } else {
            simple(into, 0, request.cookie());
        }
    }

    /** The header that the payload of a block status follows. */
    void statusHeader(ByteBuffer into, Request request, int payloadBytes) {
        chunk(into, Wire.REPLY_BLOCK_STATUS, request.cookie(), payloadBytes);
    }

    /** Done, or an error. */
    void outcome(ByteBuffer into, Request request, int error) {
        if (!structured) {
            simple(into, error, request.cookie());
        } else if (error == 0) {
            chunk(into, Wire.REPLY_NONE, request.cookie(), 0);
        } else {
            byte[] why = words(error).getBytes(StandardCharsets.US_ASCII);
            chunk(into, Wire.REPLY_ERROR, request.cookie(), 6 + why.length);
            into.putInt(error).putShort((short) why.length).put(why);
        }
    }

    private static void simple(ByteBuffer into, int error, long cookie) {
        into.putInt(Wire.SIMPLE_REPLY_MAGIC).putInt(error).putLong(cookie);
    }

    private static void chunk(ByteBuffer into, int type, long cookie, int length) {
        into.putInt(Wire.STRUCTURED_REPLY_MAGIC)
                .putShort((short) Wire.REPLY_FLAG_DONE)
                .putShort((short) type)
                .putLong(cookie)
                .putInt(length);
    }

    private static String words(int error) {
        return switch (error) {
            case Wire.EPERM -> "this export does not take writes now";
            case Wire.ENOSPC -> "no space: the host's disk is full, or the range ends behind the export";
            case Wire.EINVAL -> "the request or its range is not valid";
            case Wire.ENOTSUP -> "this would be no faster than writing zeros";
            case Wire.ESHUTDOWN -> "the VM is owned by another host, or the export is closing";
            default -> "the host's disk failed; its log says how";
        };
    }
}
