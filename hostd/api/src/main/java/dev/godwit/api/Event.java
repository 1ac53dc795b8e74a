package dev.godwit.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a VM.
 *
 * @param id {@code HOST.N}: the host that saw it and its number in that host's log, from 1
 * @param vm id of the VM; empty for an event of the whole host
 * @param host where it happened
 * @param move id of the move that it belongs to
 * @param state with {@link EventType#MOVING}: the state the move came into
 * @param elapsedMillis since the move began
 * @param detail a sentence for people
 */
public record Event(
        String id,
        Instant time,
        EventType type,
        String vm,
        String host,
        @Nullable String move,
        @Nullable MoveState state,
        @Nullable Long elapsedMillis,
        @Nullable String detail) {
    public Event {
        Require.reference("event id", id);
        Require.name("host", host);
    }
}
