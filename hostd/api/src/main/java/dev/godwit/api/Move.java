package dev.godwit.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The record of a move. A number that is not known (yet) is null, never 0.
 *
 * @param vm id of the VM
 * @param states each state it came into, in order; the last is {@code state}
 * @param moveMillis RESERVE to RESUME
 * @param noticeToReleaseMillis first poll that saw the notice to RELEASE; null for a move that no notice caused
 * @param rounds passes over the memory, the last one in the pause included
 * @param linkBytes tx_bytes of the source's peer link, RESERVE to RELEASE
 * @param failure the sentence that says why it did not happen; null while it may
 */
public record Move(
        String id,
        String vm,
        String from,
        String to,
        MoveState state,
        Instant startedAt,
        List<MoveStep> states,
        @Nullable Double moveMillis,
        @Nullable Double noticeToReleaseMillis,
        @Nullable Blackout blackoutMillis,
        @Nullable Integer rounds,
        @Nullable BytesSent bytesSent,
        @Nullable Long linkBytes,
        @Nullable PlannedMove planned,
        @Nullable String failure) {
    public Move {
        Require.reference("move id", id);
        states = List.copyOf(states);
    }

    /** Whether nothing more will happen that a client waits for; after RELEASE only the source tidies up. */
    public boolean ended() {
        return switch (state) {
            case RELEASE, DONE, ROLLED_BACK, LOST, REFUSED -> true;
            default -> false;
        };
    }
}
