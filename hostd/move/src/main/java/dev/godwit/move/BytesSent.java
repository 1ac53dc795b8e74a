package dev.godwit.move;

/** Bytes handed to the socket, by kind, frame headers shared out. */
public record BytesSent(long memoryBytes, long diskBytes, long stateBytes) {
    /** Nothing yet. */
    public static final BytesSent NONE = new BytesSent(0, 0, 0);

    public BytesSent {
        if (memoryBytes < 0 || diskBytes < 0 || stateBytes < 0) {
            throw new IllegalArgumentException("bytes sent may not be negative: memory " + memoryBytes + ", disk "
                    + diskBytes + ", state " + stateBytes);
        }
    }
}
