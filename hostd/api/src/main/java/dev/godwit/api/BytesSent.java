package dev.godwit.api;

/** Bytes of a move handed to the socket, after compression, frame headers shared out by kind. */
public record BytesSent(long memory, long disk, long state) {
    public BytesSent {
        Require.notNegative("memory bytes", memory);
        Require.notNegative("disk bytes", disk);
        Require.notNegative("state bytes", state);
    }
}
