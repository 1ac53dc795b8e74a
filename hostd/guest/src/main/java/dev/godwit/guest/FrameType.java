package dev.godwit.guest;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What a frame says; the numbers are guestd's (native/guestd/frame.h). */
enum FrameType {
    HELLO(1),
    RESUME(2),
    PING(3),
    EXEC(4),
    SUBSCRIBE(5),
    CREDIT(6),
    UNSUBSCRIBE(7),
    STDIN(8),
    SIGNAL(9),
    STATUS(10),
    FORGET(11),
    WINSIZE(12),
    PUT(13),
    GET(14),
    STAT(15),
    SHUTDOWN(16),
    LIST(17),
    OK(0x80),
    ERROR(0x81),
    HELLO_ACK(0x82),
    OUTPUT(0x90),
    OUTPUT_END(0x91),
    EXITED(0x92),
    GAP(0x93);

    private static final Map<Integer, FrameType> BY_CODE = new HashMap<>();

    static {
        for (FrameType type : values()) {
            BY_CODE.put(type.code, type);
        }
    }

    private final int code;

    FrameType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static Optional<FrameType> ofCode(int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }
}
