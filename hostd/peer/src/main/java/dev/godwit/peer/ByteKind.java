package dev.godwit.peer;

/** What the bytes of a frame are for; bytes handed to the socket are counted by it. */
public enum ByteKind {
    /** Pages of guest RAM. */
    MEMORY(0),
    /** Pages of a disk. */
    DISK(1),
    /** Device state. */
    STATE(2),
    /** Everything that serves the stream itself: hello, rounds, digests, heartbeats. */
    CONTROL(3);

    private static final ByteKind[] BY_CODE = {MEMORY, DISK, STATE, CONTROL};

    private final int code;

    ByteKind(int code) {
        this.code = code;
    }

    /** As it stands in a frame's flags. */
    int code() {
        return code;
    }

    static ByteKind of(int code) {
        return BY_CODE[code & 3];
    }
}
