package dev.godwit.daemon;

import dev.godwit.api.Blackout;
import dev.godwit.api.BytesSent;
import dev.godwit.api.EventType;
import dev.godwit.api.Move;
import dev.godwit.api.MoveMode;
import dev.godwit.api.MoveState;
import dev.godwit.api.MoveStep;
import dev.godwit.api.PlannedMove;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The moves that began at one host of a fleet in memory: over at once, or held until the test says how they end. */
final class FakeMoves {
    private static final Duration TOOK = Duration.ofMillis(12);

    private final String host;
    private final FakeFleet fleet;
    private final EventLog events;
    private final Map<String, Move> moves = new ConcurrentHashMap<>();

    FakeMoves(String host, FakeFleet fleet, EventLog events) {
        this.host = host;
        this.fleet = fleet;
        this.events = events;
    }

    Move start(Vm vm, String target) {
        String id = host + "." + (moves.size() + 1);
        Move begun = move(id, vm.id(), target, MoveState.STREAM, null);
        moves.put(id, begun);
        events.append(EventType.MOVING, vm.id(), id, MoveState.RESERVE, Duration.ZERO, null);
        if (!fleet.holdsMoves) {
            return end(begun, null);
        }
        fleet.stands(vm.id(), VmState.MOVING);
        fleet.heldMoves.put(vm.id(), failure -> end(begun, failure));
        return begun;
    }

    /** @param failure why the VM stays where it was; null where it goes */
    private Move end(Move begun, @Nullable String failure) {
        MoveState state = failure == null ? MoveState.DONE : MoveState.ROLLED_BACK;
        Move ended = move(begun.id(), begun.vm(), begun.to(), state, failure);
        moves.put(begun.id(), ended);
        fleet.stands(begun.vm(), VmState.RUNNING);
        if (failure == null) {
            fleet.own(begun.vm(), begun.to());
            events.append(EventType.MOVED, begun.vm(), begun.id(), null, TOOK, null);
        } else {
            events.append(EventType.MOVING, begun.vm(), begun.id(), state, TOOK, failure);
        }
        return ended;
    }

    private Move move(String id, String vm, String target, MoveState state, @Nullable String failure) {
        return new Move(
                id,
                vm,
                host,
                target,
                state,
                Instant.now(),
                List.of(new MoveStep(MoveState.RESERVE, 0), new MoveStep(state, TOOK.toMillis())),
                state == MoveState.DONE ? 812.0 : null,
                null,
                new Blackout(state == MoveState.DONE ? 21.5 : null),
                3,
                new BytesSent(1, 2, 3),
                7L,
                new PlannedMove(MoveMode.PRE_COPY, 800),
                failure);
    }

    List<Move> all() {
        return new ArrayList<>(moves.values());
    }

    Optional<Move> find(String id) {
        return Optional.ofNullable(moves.get(id));
    }
}
