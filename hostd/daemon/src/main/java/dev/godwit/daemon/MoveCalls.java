package dev.godwit.daemon;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.move.MoveOutcome;
import dev.godwit.move.PlannedMove;
import dev.godwit.move.Reservation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The calls of a move between two hostds, as they stand on the wire. */
final class MoveCalls {
    static final String RESERVE = "move.reserve";
    static final String PREPARE = "move.prepare";
    static final String OUTCOME = "move.outcome";
    static final String RELEASED = "move.released";
    static final String ABORT = "move.abort";
    static final String STREAM_PREFIX = "move-";
    /** Refusal code of a reservation, so that it is told apart from a wire that says no. */
    static final String REFUSED = "reservation-refused";

    private static final ObjectMapper json = new ObjectMapper();

    private MoveCalls() {}

    /** A call that names a move only. */
    record MoveOnly(String moveId) {}

    /** What the target is asked to promise, and what the source planned. */
    record Reserve(Reservation reservation, String mode, long predictedMillis) {
        Reserve(Reservation reservation, PlannedMove planned) {
            this(reservation, planned.mode().name(), planned.predicted().toMillis());
        }

        PlannedMove planned() {
            return new PlannedMove(PlannedMove.Mode.valueOf(mode), Duration.ofMillis(predictedMillis));
        }
    }

    /** The target's promise; hosts with the same boot id share a monotonic clock. */
    record Reserved(String bootId) {}

    record AwaitOutcome(String moveId, long atMostMillis) {}

    record Abort(Reservation reservation, String why) {}

    /** {@link MoveOutcome}: {@code kind} is committed, failed, lost or none. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Outcome(String kind, long fence, long resumedAtNanos, String sentence) {
        static Outcome of(MoveOutcome outcome) {
            return switch (outcome) {
                case MoveOutcome.Committed it -> new Outcome("committed", it.fence(), it.resumedAtNanos(), "");
                case MoveOutcome.Failed it -> new Outcome("failed", 0, 0, it.sentence());
                case MoveOutcome.Lost it -> new Outcome("lost", 0, 0, it.sentence());
                case MoveOutcome.NoAnswer it -> new Outcome("none", 0, 0, it.sentence());
            };
        }

        MoveOutcome outcome() throws IOException {
            return switch (kind) {
                case "committed" -> new MoveOutcome.Committed(fence, resumedAtNanos);
                case "failed" -> new MoveOutcome.Failed(sentence);
                case "lost" -> new MoveOutcome.Lost(sentence);
                case "none" -> new MoveOutcome.NoAnswer(sentence);
                default ->
                    throw new IOException("the target answered with an outcome of kind \"" + kind
                            + "\", which this hostd does not know; both hosts need the same version");
            };
        }
    }

    static byte[] write(Object call) throws IOException {
        return json.writeValueAsBytes(call);
    }

    static <T> T read(byte[] bytes, Class<T> type) throws IOException {
        return json.readValue(bytes, type);
    }

    /** Names the kernel's run that this process lives in. Source: proc(5), {@code sys/kernel/random/boot_id}. */
    static String bootId() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }
}
