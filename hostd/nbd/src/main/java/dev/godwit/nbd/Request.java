package dev.godwit.nbd;

import java.nio.ByteBuffer;

/**
 * A client's request.
 *
 * @param flags of the command
 * @param command what is asked for
 * @param cookie what the client knows it by
 * @param offset first byte
 * @param length bytes, unsigned 32 bits on the wire
 */
record Request(int flags, int command, long cookie, long offset, long length) {
    /** Larger requests leave the reader's thread: copying them would keep others waiting. */
    static final int INLINE_BYTES_MAX = 64 << 10;

    /** Reads the header at the buffer's position and leaves the position. */
    static Request peek(ByteBuffer input) throws ProtocolViolation {
        int at = input.position();
        if (input.getInt(at) != Wire.REQUEST_MAGIC) {
            throw new ProtocolViolation("request with magic 0x" + Integer.toHexString(input.getInt(at)));
        }
        Request request = new Request(
                Short.toUnsignedInt(input.getShort(at + 4)),
                Short.toUnsignedInt(input.getShort(at + 6)),
                input.getLong(at + 8),
                input.getLong(at + 16),
                Integer.toUnsignedLong(input.getInt(at + 24)));
        if (request.command == Wire.CMD_WRITE && request.length > Wire.PAYLOAD_BYTES_MAX) {
            throw new ProtocolViolation("write of " + request.length + " bytes, more than " + Wire.PAYLOAD_BYTES_MAX);
        }
        return request;
    }

    boolean hasPayload() {
        return command == Wire.CMD_WRITE;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Whether it changes the device. */
    boolean changes() {
        return command == Wire.CMD_WRITE || command == Wire.CMD_TRIM || command == Wire.CMD_WRITE_ZEROES;
    }

    boolean isForThePool() {
        return switch (command) {
            case Wire.CMD_READ -> length > INLINE_BYTES_MAX && length <= Wire.PAYLOAD_BYTES_MAX;
            case Wire.CMD_WRITE -> length > INLINE_BYTES_MAX || has(Wire.CMD_FLAG_FUA);
            case Wire.CMD_FLUSH, Wire.CMD_TRIM, Wire.CMD_WRITE_ZEROES, Wire.CMD_BLOCK_STATUS -> true;
            default -> false;
        };
    }

    /** Bytes of memory that its execution needs. */
    int memoryBytes() {
        return hasPayload() || command == Wire.CMD_READ ? (int) length : BlockStatus.REPLY_BYTES_MAX;
    }

    /**
     * What is wrong with it on a device of {@code sizeBytes}.
     *
     * @return 0, or the error for the client
     */
    int fault(long sizeBytes, boolean allocation) {
        int allowed;
        switch (command) {
            case Wire.CMD_READ -> allowed = Wire.CMD_FLAG_DF;
            case Wire.CMD_WRITE, Wire.CMD_FLUSH, Wire.CMD_TRIM -> allowed = Wire.CMD_FLAG_FUA;
            case Wire.CMD_WRITE_ZEROES -> allowed = Wire.CMD_FLAG_FUA | Wire.CMD_FLAG_NO_HOLE | Wire.CMD_FLAG_FAST_ZERO;
            case Wire.CMD_BLOCK_STATUS -> allowed = Wire.CMD_FLAG_REQ_ONE;
            default -> {
                return Wire.EINVAL;
            }
        }
        if ((flags & ~(allowed | Wire.CMD_FLAG_FUA)) != 0 || (command == Wire.CMD_BLOCK_STATUS && !allocation)) {
            return Wire.EINVAL;
        }
        if (command == Wire.CMD_FLUSH) {
            return offset == 0 && length == 0 ? 0 : Wire.EINVAL;
        }
        if (length == 0 || (command == Wire.CMD_READ && length > Wire.PAYLOAD_BYTES_MAX)) {
            return Wire.EINVAL;
        }
        if (offset < 0 || offset > sizeBytes || length > sizeBytes - offset) {
            return command == Wire.CMD_WRITE || command == Wire.CMD_WRITE_ZEROES ? Wire.ENOSPC : Wire.EINVAL;
        }
        return 0;
    }
}
