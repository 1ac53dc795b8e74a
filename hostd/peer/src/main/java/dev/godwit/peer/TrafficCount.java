package dev.godwit.peer;

import java.util.concurrent.atomic.AtomicLongArray;

/** Running sums behind {@link Traffic}. Thread-safe. */
final class TrafficCount {
    private final AtomicLongArray bytes = new AtomicLongArray(4);

    void add(ByteKind kind, long count) {
        bytes.addAndGet(kind.code(), count);
    }

    Traffic read() {
        return new Traffic(bytes.get(0), bytes.get(1), bytes.get(2), bytes.get(3));
    }
}
