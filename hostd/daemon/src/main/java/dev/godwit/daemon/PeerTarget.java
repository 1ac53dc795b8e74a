package dev.godwit.daemon;

import dev.godwit.move.MoveOutcome;
import dev.godwit.move.PlannedMove;
import dev.godwit.move.Reservation;
import dev.godwit.move.ReservationRefused;
import dev.godwit.move.TargetPort;
import dev.godwit.peer.PeerLink;
import dev.godwit.peer.PeerRefused;
import java.io.IOException;
import java.time.Duration;

/** The target's hostd over the peer wire. */
final class PeerTarget implements TargetPort {
    /** Checking a promise reads files and asks the VMM binary; never more than seconds. */
    private static final Duration RESERVE = Duration.ofSeconds(10);
    /** A VMM starts in a fraction of a second; on a machine that is short of CPU in some. */
    private static final Duration PREPARE = Duration.ofSeconds(12);

    private static final Duration SHORT = Duration.ofSeconds(1);

    private final PeerLink link;
    private final MoveLog.Facts facts;

    /** @param facts are told whether the target's monotonic clock is this host's too: both run on one kernel */
    PeerTarget(PeerLink link, MoveLog.Facts facts) {
        this.link = link;
        this.facts = facts;
    }

    @Override
    public void reserve(Reservation reservation, PlannedMove planned) throws ReservationRefused, IOException {
        try {
            byte[] promise =
                    link.call(MoveCalls.RESERVE, MoveCalls.write(new MoveCalls.Reserve(reservation, planned)), RESERVE);
            facts.sharesClock =
                    MoveCalls.read(promise, MoveCalls.Reserved.class).bootId().equals(MoveCalls.bootId());
        } catch (PeerRefused refused) {
            if (refused.code().equals(MoveCalls.REFUSED)) {
                throw new ReservationRefused(refused.sentence());
            }
            throw refused;
        }
    }

    @Override
    public void prepare(String moveId) throws IOException {
        link.call(MoveCalls.PREPARE, MoveCalls.write(new MoveCalls.MoveOnly(moveId)), PREPARE);
    }

    @Override
    public MoveOutcome awaitOutcome(String moveId, Duration atMost) throws IOException {
        byte[] answer = link.call(
                MoveCalls.OUTCOME,
                MoveCalls.write(new MoveCalls.AwaitOutcome(moveId, atMost.toMillis())),
                atMost.plus(SHORT));
        return MoveCalls.read(answer, MoveCalls.Outcome.class).outcome();
    }

    @Override
    public void confirmReleased(String moveId) throws IOException {
        link.call(MoveCalls.RELEASED, MoveCalls.write(new MoveCalls.MoveOnly(moveId)), SHORT);
    }

    @Override
    public void abort(Reservation reservation, String why) throws IOException {
        link.call(MoveCalls.ABORT, MoveCalls.write(new MoveCalls.Abort(reservation, why)), SHORT);
    }
}
