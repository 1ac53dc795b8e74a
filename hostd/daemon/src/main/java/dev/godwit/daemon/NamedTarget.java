package dev.godwit.daemon;

import dev.godwit.fleet.HostRecord;
import dev.godwit.move.MoveOutcome;
import dev.godwit.move.PlannedMove;
import dev.godwit.move.Reservation;
import dev.godwit.move.ReservationRefused;
import dev.godwit.move.TargetPort;
import java.io.IOException;
import java.time.Duration;

/**
 * The target of a move that an earlier hostd began, looked up at each call: neither the fleet store nor the target need to
 * answer when hostd starts.
 */
record NamedTarget(Peers peers, String hostId) implements TargetPort {
    @Override
    public void reserve(Reservation reservation, PlannedMove planned) throws ReservationRefused, IOException {
        port().reserve(reservation, planned);
    }

    @Override
    public void prepare(String moveId) throws IOException {
        port().prepare(moveId);
    }

    @Override
    public MoveOutcome awaitOutcome(String moveId, Duration atMost) throws IOException {
        return port().awaitOutcome(moveId, atMost);
    }

    @Override
    public void confirmReleased(String moveId) throws IOException {
        port().confirmReleased(moveId);
    }

    @Override
    public void abort(Reservation reservation, String why) throws IOException {
        port().abort(reservation, why);
    }

    private PeerTarget port() throws IOException {
        HostRecord host =
                peers.record(hostId).orElseThrow(() -> new IOException("host " + hostId + " is not in the fleet now"));
        return new PeerTarget(peers.link(host), new MoveLog.Facts());
    }
}
