package dev.godwit.move;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All moves to this host: what the peer wire calls. Every call may be repeated without harm; what comes for a move that was
 * given up is refused for ever, because its last line stays in the journal. Thread-safe.
 */
public final class TargetMoves {
    private final MoveHost host;
    private final OwnershipPort ownership;
    private final IncomingVmPort vm;
    private final ConcurrentHashMap<String, TargetMove> moves = new ConcurrentHashMap<>();
    /** Ids whose first or last word is being journalled: a reserve and an abort of one id must not pass each other. */
    private final Set<String> arriving = ConcurrentHashMap.newKeySet();

    public TargetMoves(MoveHost host, OwnershipPort ownership, IncomingVmPort vm) {
        this.host = host;
        this.ownership = ownership;
        this.vm = vm;
    }

    /**
     * Promises what the VM needs, under a lease that {@link #heard} renews.
     *
     * @throws ReservationRefused a sentence that says what lacks, or that the VM is on the move already
     */
    public void reserve(Reservation reservation, PlannedMove planned) throws ReservationRefused, IOException {
        if (!reservation.to().equals(host.hostId())) {
            throw new ReservationRefused(
                    "host " + host.hostId() + " was asked to reserve for host " + reservation.to());
        }
        arrive(reservation.moveId());
        try {
            TargetMove known = moves.get(reservation.moveId());
            if (known != null && !known.isGivenUp()) {
                known.heard();
            } else {
                refuseIfRemembered(reservation);
                begin(reservation, planned).reserve();
            }
        } finally {
            arriving.remove(reservation.moveId());
        }
    }

    private void refuseIfRemembered(Reservation reservation) throws ReservationRefused, IOException {
        Optional<MoveRecord> remembered = host.journal().find(reservation.moveId());
        if (remembered.isPresent()) {
            throw new ReservationRefused(
                    "move " + reservation.moveId() + " of vm " + reservation.vmId() + " ended on host "
                            + host.hostId() + " as " + remembered.get().state() + " and is not taken up again: "
                            + remembered.get().why());
        }
    }

    private TargetMove begin(Reservation reservation, PlannedMove planned) throws ReservationRefused, IOException {
        try {
            host.inProgress().begin(reservation.vmId(), reservation.moveId());
        } catch (MoveInProgress other) {
            throw new ReservationRefused("host " + host.hostId() + ": " + other.getMessage());
        }
        try {
            MoveProgress progress = MoveProgress.begin(host, reservation, MoveSide.TARGET, planned);
            TargetMove move = new TargetMove(host, ownership, vm, progress);
            moves.put(reservation.moveId(), move);
            return move;
        } catch (IOException notBegun) {
            host.inProgress().end(reservation.vmId(), reservation.moveId());
            throw notBegun;
        }
    }

    /** Makes this host ready to receive. */
    public void prepare(String moveId) throws IOException {
        known(moveId).prepare();
    }

    /** Something came for the move: its lease begins anew. */
    public void heard(String moveId) {
        TargetMove move = moves.get(moveId);
        if (move != null) {
            move.heard();
        }
    }

    /**
     * The seal came: verifies, loads, commits, lets the VM run. Blocks until the outcome is known, however long the fleet
     * store is away.
     */
    public MoveOutcome cutOver(String moveId) throws IOException, InterruptedException {
        return known(moveId).cutOver();
    }

    /** Waits at most {@code atMost}. */
    public MoveOutcome awaitOutcome(String moveId, Duration atMost) throws IOException, InterruptedException {
        TargetMove move = moves.get(moveId);
        return move == null ? outcome(moveId) : move.await(atMost);
    }

    /** The outcome as known now, from the journal for a move of long ago. */
    public MoveOutcome outcome(String moveId) throws IOException {
        TargetMove move = moves.get(moveId);
        if (move != null) {
            return move.outcome()
                    .getNow(new MoveOutcome.NoAnswer(
                            "move " + moveId + " is in state " + move.record().state()));
        }
        Optional<MoveRecord> remembered = host.journal().find(moveId);
        if (remembered.isEmpty()) {
            return new MoveOutcome.Failed("host " + host.hostId() + " knows nothing of move " + moveId);
        }
        MoveRecord record = remembered.get();
        return switch (record.state()) {
            case DONE, RELEASE, DRAIN ->
                new MoveOutcome.Committed(
                        record.fenceAfter().orElseThrow(),
                        record.resumedAtNanos().orElseThrow());
            case ROLLED_BACK -> new MoveOutcome.Failed(record.why());
            case LOST -> new MoveOutcome.Lost(record.why());
            default -> new MoveOutcome.NoAnswer("move " + moveId + " is in state " + record.state());
        };
    }

    /** Gives the move up, unless its commit is on its way. An id that never came before never comes through afterwards. */
    public void abort(Reservation reservation, String why) throws IOException {
        arrive(reservation.moveId());
        try {
            TargetMove move = moves.get(reservation.moveId());
            if (move != null) {
                move.abort(why);
            } else if (host.journal().find(reservation.moveId()).isEmpty()) {
                MoveProgress.tombstone(host, reservation, why);
            }
        } finally {
            arriving.remove(reservation.moveId());
        }
    }

    /** The source will never run the VM again. */
    public void released(String moveId) throws IOException {
        TargetMove move = moves.get(moveId);
        if (move != null) {
            move.released();
            forget(move);
        }
    }

    /** Ends what no source was heard of for a lease; called every second or so. */
    public void endAbandoned() throws IOException {
        for (TargetMove move : moves.values()) {
            move.writeEnd();
            if (move.leaseEnded()) {
                switch (move.record().state()) {
                    case RESERVE, STREAM, CUTOVER ->
                        move.abort("nothing was heard of the move for "
                                + host.limits().reservationLease().toSeconds() + " s");
                    case DRAIN, RELEASE -> move.released();
                    default -> {}
                }
            }
            forget(move);
        }
    }

    /** Gives up every move that may still be given up: this host is to be left, and the VMs stay where they are. */
    public void abortAll(String why) {
        for (TargetMove move : moves.values()) {
            switch (move.record().state()) {
                case RESERVE, STREAM, CUTOVER -> move.abort(why);
                default -> {}
            }
        }
    }

    /** Takes an open move of the journal up again; {@link MoveRecovery} resolves it. */
    TargetMove recall(MoveRecord record) {
        TargetMove move = TargetMove.recalled(host, ownership, vm, record);
        moves.put(record.moveId(), move);
        return move;
    }

    private void arrive(String moveId) throws IOException {
        if (!arriving.add(moveId)) {
            throw new IOException("host " + host.hostId() + " is just working on move " + moveId + "; ask again");
        }
    }

    private void forget(TargetMove move) {
        if (move.record().state().isTerminal()) {
            moves.remove(move.record().moveId(), move);
        }
    }

    private TargetMove known(String moveId) throws IOException {
        TargetMove move = moves.get(moveId);
        if (move == null) {
            throw new IOException("host " + host.hostId() + " has no reservation of move " + moveId
                    + ": it was given up, or its lease of "
                    + host.limits().reservationLease().toSeconds() + " s ended");
        }
        return move;
    }
}
