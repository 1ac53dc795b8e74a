package dev.godwit.move;

import java.io.IOException;

/**
 * A move at the source, from the request to its end. {@link #run} reads top to bottom as the state machine of design §7.
 * One thread runs it; it may take as long as the fleet store is away.
 */
public final class SourceMove {
    private final MoveHost host;
    private final Reservation reservation;
    private final PlannedMove planned;
    private final SourcePorts ports;
    private final StreamPort stream;
    private final Convergence convergence;

    public SourceMove(
            MoveHost host,
            Reservation reservation,
            PlannedMove planned,
            SourcePorts ports,
            StreamPort stream,
            Convergence convergence) {
        if (!reservation.from().equals(host.hostId())) {
            throw new IllegalArgumentException(
                    "host " + host.hostId() + " cannot be the source of a move from " + reservation.from());
        }
        this.host = host;
        this.reservation = reservation;
        this.planned = planned;
        this.ports = ports;
        this.stream = stream;
        this.convergence = convergence;
    }

    /**
     * Moves the VM.
     *
     * @return the record in its terminal state: DONE; ROLLED_BACK or LOST with the sentence in {@link MoveRecord#why}
     * @throws MoveInProgress the VM is on the move already; nothing was done
     * @throws IOException the journal cannot be written; nothing was done
     * @throws InterruptedException hostd goes down: the move stays open and is resolved at its next start
     */
    public MoveRecord run() throws MoveInProgress, IOException, InterruptedException {
        host.inProgress().begin(reservation.vmId(), reservation.moveId());
        try (stream) {
            MoveProgress progress = begin();
            SourceSettlement settlement = new SourceSettlement(host, ports, progress);
            return settlement.closing(attempt(progress, settlement));
        }
    }

    private MoveProgress begin() throws IOException {
        try {
            return MoveProgress.begin(host, reservation, MoveSide.SOURCE, planned);
        } catch (IOException notBegun) {
            host.inProgress().end(reservation.vmId(), reservation.moveId());
            throw notBegun;
        }
    }

    private MoveRecord attempt(MoveProgress progress, SourceSettlement settlement) throws InterruptedException {
        // While nothing is paused and nothing sealed, a failure needs no compare-and-set: the target commits only what
        // it
        // got the seal of, the seal is sent only after CUTOVER is journalled, and a move id is never used again.
        try {
            ports.target().reserve(reservation, planned);

            progress.enter(MoveState.STREAM);
            ports.target().prepare(reservation.moveId());
            stream.start();
            streamUntilSmall(progress);

            progress.enter(MoveState.SWITCH);
            stream.flushDisks();
            // Closed before the pause: a round over a slow link would lie in the blackout.
            try (StreamPort.KeepingUp rounds = stream.keepUp()) {
                ports.network().switchOver();
                // The rule that a restart relies on: without this line no copy was ever paused or sealed. Hence it is
                // on
                // the medium, and written while the VM still runs.
                progress.enter(MoveState.CUTOVER);
            }
        } catch (ReservationRefused | IOException | RuntimeException failure) {
            Interruption.rethrow();
            return settlement.stay(Sentence.of(failure));
        }

        MoveOutcome outcome;
        try {
            progress.note(r -> r.withPausedAt(host.clock().nanos()));
            ports.vm().pause();
            stream.sendRest(ports.vm()::saveState);
            // A restart treats CUTOVER and COMMIT alike, so this line need not reach the medium, and it lies in the
            // blackout.
            progress.enterWithoutSync(MoveState.COMMIT);
            stream.seal();
            progress.note(r -> r.withStream(r.rounds(), stream.bytesSent()));
            progress.tellAll();
            outcome = settlement.outcomeInTime();
        } catch (IOException | RuntimeException failure) {
            Interruption.rethrow();
            return settlement.takeBack(Sentence.of(failure));
        }
        return switch (outcome) {
            case MoveOutcome.Committed committed -> settlement.targetRuns(committed);
            case MoveOutcome.Lost lost -> settlement.lost(lost.sentence());
            case MoveOutcome.Failed failed -> settlement.takeBack(failed.sentence());
            case MoveOutcome.NoAnswer none -> settlement.takeBack(none.sentence());
        };
    }

    private void streamUntilSmall(MoveProgress progress) throws IOException {
        while (true) {
            RoundReport report = stream.round();
            progress.note(r -> r.withStream(report.round(), stream.bytesSent()));
            switch (convergence.after(report)) {
                case GO_ON -> {}
                case CUT_OVER -> {
                    return;
                }
                case GIVE_UP ->
                    throw new IOException("move " + reservation.moveId() + " of vm " + reservation.vmId()
                            + ": after round " + report.round() + " " + report.bytesLeft()
                            + " bytes are left and the rest does not shrink in time");
            }
        }
    }
}
