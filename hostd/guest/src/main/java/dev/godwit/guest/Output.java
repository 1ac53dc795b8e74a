package dev.godwit.guest;

import java.util.Arrays;

/** What a read of a stream gives. */
public sealed interface Output {
    /** Bytes of the stream, from an absolute offset. */
    record Piece(long offset, byte[] bytes) implements Output {
        public long endOffset() {
            return offset + bytes.length;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Piece piece && offset == piece.offset && Arrays.equals(bytes, piece.bytes);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(offset) * 31 + Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return "Piece[" + bytes.length + " bytes from " + offset + "]";
        }
    }

    /** The stream has ended and all of it was read. */
    record End(long offset) implements Output {}

    /** Nothing came in the time given; the process may just be quiet. */
    record Quiet(long offset) implements Output {}
}
