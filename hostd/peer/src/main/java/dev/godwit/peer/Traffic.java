package dev.godwit.peer;

/**
 * Bytes handed to the socket, frame headers and repeats included.
 *
 * @param memoryBytes frames that carry guest RAM
 * @param diskBytes frames that carry disk pages
 * @param stateBytes frames that carry device state
 * @param controlBytes all other frames
 */
public record Traffic(long memoryBytes, long diskBytes, long stateBytes, long controlBytes) {
    /** Nothing sent. */
    public static final Traffic NONE = new Traffic(0, 0, 0, 0);

    /** The sum of all kinds. */
    public long totalBytes() {
        return memoryBytes + diskBytes + stateBytes + controlBytes;
    }

    /** What was sent since {@code earlier}. */
    public Traffic since(Traffic earlier) {
        return new Traffic(
                memoryBytes - earlier.memoryBytes,
                diskBytes - earlier.diskBytes,
                stateBytes - earlier.stateBytes,
                controlBytes - earlier.controlBytes);
    }
}
