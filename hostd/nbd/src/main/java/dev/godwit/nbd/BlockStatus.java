package dev.godwit.nbd;

import dev.godwit.volume.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** The payload of a block status reply. */
final class BlockStatus {
    /** Extents of one reply at most; the client asks on from where it ends. */
    private static final int EXTENTS_MAX = 512;

    static final int REPLY_BYTES_MAX = 4 + EXTENTS_MAX * 8;

    private BlockStatus() {}

    static void put(Request request, BlockDevice device, ByteBuffer into) throws IOException {
        int most = request.has(Wire.CMD_FLAG_REQ_ONE) ? 1 : EXTENTS_MAX;
        List<Extent> extents = device.allocation(request.offset(), request.length(), most);
        into.putInt(Wire.BASE_ALLOCATION_ID);
        for (Extent extent : extents) {
            into.putInt((int) extent.lengthBytes());
            into.putInt(extent.zero() ? Wire.STATE_HOLE | Wire.STATE_ZERO : 0);
        }
    }
}
