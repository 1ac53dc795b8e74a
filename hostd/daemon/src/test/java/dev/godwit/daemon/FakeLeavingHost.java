package dev.godwit.daemon;

import dev.godwit.move.BytesSent;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.MoveSide;
import dev.godwit.move.MoveState;
import dev.godwit.move.PlannedMove;
import dev.godwit.move.Reservation;
import dev.godwit.move.Transition;
import dev.godwit.policy.Action;
import dev.godwit.policy.Candidate;
import dev.godwit.policy.VmLoad;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** A host whose VMs are names: they leave as soon as somebody moves them to a host that does not refuse. */
final class FakeLeavingHost implements LeavingHost {
    private static final long MIB = 1 << 20;

    /** What a move to one host comes to. */
    interface Fate {
        CompletableFuture<MoveRecord> of(Action.Move planned) throws IOException;
    }

    final List<String> running = new CopyOnWriteArrayList<>();
    final List<String> arriving = new CopyOnWriteArrayList<>();
    final List<String> stopped = new CopyOnWriteArrayList<>();
    final List<String> targets = new CopyOnWriteArrayList<>(List.of("host-b"));
    final List<String> asked = new CopyOnWriteArrayList<>();
    final List<IOException> failures = new ArrayList<>();
    volatile Fate fate = this::leaves;
    volatile int turnedAway;

    @Override
    public List<String> movable() {
        List<String> all = new ArrayList<>(running);
        all.addAll(arriving);
        return all;
    }

    @Override
    public List<String> staying() {
        return List.copyOf(stopped);
    }

    @Override
    public void turnAway(String why) {
        turnedAway++;
    }

    @Override
    public List<VmLoad> loads() {
        return running.stream()
                .map(vm -> new VmLoad(vm, 512 * MIB, 256 * MIB, 32 * MIB, 0, 1))
                .toList();
    }

    @Override
    public List<Candidate> candidates() throws IOException {
        if (!failures.isEmpty()) {
            throw failures.removeFirst();
        }
        return targets.stream()
                .map(id -> new Candidate(id, 8192 * MIB, 384 * MIB, 8192 * MIB, 1000.0 * MIB, true, false, true))
                .toList();
    }

    @Override
    public CompletableFuture<MoveRecord> move(Action.Move planned) throws IOException {
        asked.add(planned.vmId() + " to " + planned.targetHostId());
        return fate.of(planned);
    }

    CompletableFuture<MoveRecord> leaves(Action.Move planned) {
        running.remove(planned.vmId());
        return CompletableFuture.completedFuture(record(planned, MoveState.DONE, ""));
    }

    CompletableFuture<MoveRecord> refused(Action.Move planned, String why) {
        return CompletableFuture.completedFuture(record(planned, MoveState.ROLLED_BACK, why));
    }

    private static MoveRecord record(Action.Move planned, MoveState end, String why) {
        return new MoveRecord(
                new Reservation("m-1", planned.vmId(), "host-a", planned.targetHostId(), 1, "{}"),
                MoveSide.SOURCE,
                new PlannedMove(PlannedMove.Mode.PRE_COPY, Duration.ofSeconds(1)),
                List.of(new Transition(end, Instant.EPOCH)),
                0,
                BytesSent.NONE,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                why);
    }
}
