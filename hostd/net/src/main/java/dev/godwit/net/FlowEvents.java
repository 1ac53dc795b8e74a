package dev.godwit.net;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/** Reads {@code struct flow_event}. */
final class FlowEvents {
    private static final int BYTES = 64;

    private FlowEvents() {}

    /** The event of a record; empty if a newer program wrote what this build does not know. */
    static Optional<FlowEvent> read(byte[] record) {
        if (record.length != BYTES) {
            return Optional.empty();
        }
        ByteBuffer bytes = Keys.read(record);
        long at = bytes.getLong();
        FlowKey key;
        try {
            key = Keys.flow(bytes);
        } catch (IllegalArgumentException notAVm) {
            return Optional.empty(); // denied under an address that no VM can have
        }
        int kind = bytes.get();
        int direction = bytes.get();
        int reason = bytes.get();
        bytes.get();
        int length = bytes.getInt();
        if (kind < 0 || kind >= FlowEvent.Kind.values().length || reason < 0 || reason >= DropReason.values().length) {
            return Optional.empty();
        }
        FlowEvent.Kind what = FlowEvent.Kind.values()[kind];
        Optional<DropReason> dropped =
                what == FlowEvent.Kind.DENIED ? Optional.of(DropReason.values()[reason]) : Optional.empty();
        return Optional.of(new FlowEvent(
                what, Duration.ofNanos(at), key, direction == 0 ? Direction.OUT : Direction.IN, dropped, length));
    }
}
