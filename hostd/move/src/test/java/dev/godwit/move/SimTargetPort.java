package dev.godwit.move;

import java.io.IOException;
import java.time.Duration;

/** The wire between two simulated machines: each call is a request and an answer, either of which has its own fate. */
final class SimTargetPort implements TargetPort {
    private final SimWorld world;
    private final SimMachine from;
    private final Reservation reservation;

    SimTargetPort(SimWorld world, SimMachine from, Reservation reservation) {
        this.world = world;
        this.from = from;
        this.reservation = reservation;
    }

    @Override
    public void reserve(Reservation r, PlannedMove planned) throws ReservationRefused, IOException {
        Object answer = call("reserve", targets -> {
            try {
                targets.reserve(r, planned);
                return "accepted";
            } catch (ReservationRefused refused) {
                return refused;
            }
        });
        if (answer instanceof ReservationRefused refused) {
            throw refused;
        }
    }

    @Override
    public void prepare(String moveId) throws IOException {
        call("prepare", targets -> {
            targets.prepare(moveId);
            return 0;
        });
    }

    @Override
    public MoveOutcome awaitOutcome(String moveId, Duration atMost) throws IOException {
        long deadline = world.scheduler.nowNanos() + atMost.toNanos();
        return (MoveOutcome) call("outcome", targets -> {
            MoveOutcome outcome = targets.outcome(moveId);
            while (outcome instanceof MoveOutcome.NoAnswer && world.scheduler.nowNanos() < deadline) {
                world.scheduler.sleep(20_000_000L);
                outcome = targets.outcome(moveId);
            }
            return outcome;
        });
    }

    @Override
    public void confirmReleased(String moveId) throws IOException {
        call("released", targets -> {
            targets.released(moveId);
            return 0;
        });
    }

    @Override
    public void abort(Reservation r, String why) throws IOException {
        call("abort", targets -> {
            targets.abort(r, why);
            world.network.sourceLetGo(r.to(), r.moveId());
            return 0;
        });
    }

    private Object call(String what, SimWorld.Request request) throws IOException {
        return world.call(from, world.other(from), what + " " + reservation.moveId(), request);
    }
}
