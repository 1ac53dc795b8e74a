package dev.godwit.move;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a move ends at the source, whether it ran up to there or hostd was started in the middle. The ownership record
 * decides; only a record that names this host lets its copy run.
 */
final class SourceSettlement {
    private static final Logger LOG = LoggerFactory.getLogger(SourceSettlement.class);

    private final MoveHost host;
    private final SourcePorts ports;
    private final MoveProgress progress;
    private final Reservation reservation;

    SourceSettlement(MoveHost host, SourcePorts ports, MoveProgress progress) {
        this.host = host;
        this.ports = ports;
        this.progress = progress;
        this.reservation = progress.record().reservation();
    }

    /** Nothing was paused: the VM goes on as if nothing had been asked. */
    MoveRecord stay(String why) throws InterruptedException {
        progress.note(r -> r.withWhy(why));
        giveUp(why);
        progress.enterAtLast(MoveState.ROLLED_BACK);
        return progress.record();
    }

    /** Cut-over had begun: the record decides between this copy and the target's. */
    MoveRecord takeBack(String why) throws InterruptedException {
        progress.note(r -> r.withWhy(why));
        if (progress.state() != MoveState.ROLLING_BACK && progress.state() != MoveState.IN_DOUBT) {
            progress.enterEvenUnjournalled(MoveState.ROLLING_BACK);
        }
        Optional<Ownership> actual = new OwnershipDecision(host, ports.ownership(), reservation)
                .writeUntilKnown(reservation.from(), this::inDoubt);
        if (actual.isEmpty()) {
            return lost("the vm has no ownership record any more; " + why);
        }
        // While this move is open no other move of this VM begins here, at either end. So a record that names this host
        // under a later fence is this rollback, or the target's own giving up: nobody can commit on the old fence now.
        Ownership owner = actual.get();
        if (owner.owner().equals(reservation.from())) {
            return goOn(owner.fence(), why);
        }
        progress.note(r -> r.withWhy(""));
        progress.enterEvenUnjournalled(MoveState.RESUME);
        return follow();
    }

    /** The record names the target: stay paused until it says that the VM runs there. */
    MoveRecord follow() throws InterruptedException {
        Backoff backoff = new Backoff(host);
        long since = host.clock().nanos();
        boolean told = false;
        while (true) {
            if (host.inProgress().isTargetWrittenOff(reservation.moveId())) {
                return lost("an operator wrote off host " + reservation.to() + ", which owned the vm and was silent");
            }
            MoveOutcome outcome = outcomeInTime();
            switch (outcome) {
                case MoveOutcome.Committed committed -> {
                    return targetRuns(committed);
                }
                case MoveOutcome.Lost lost -> {
                    return lost(lost.sentence());
                }
                case MoveOutcome.Failed failed -> {
                    return lost("the fleet store names " + reservation.to() + ", which has given its copy up: "
                            + failed.sentence());
                }
                case MoveOutcome.NoAnswer none -> {
                    long silentNanos = host.clock().nanos() - since;
                    if (!told
                            && silentNanos >= host.limits().followedInSilence().toNanos()) {
                        told = true;
                        tellOfSilence(none.sentence());
                    }
                    backoff.pause();
                }
            }
        }
    }

    private void tellOfSilence(String answer) {
        waits("host " + reservation.to() + " owns vm " + reservation.vmId()
                + " and does not say that it runs there (" + answer + "). Host " + reservation.from()
                + " keeps its paused copy and goes on asking. If host " + reservation.to()
                + " is gone for good, 'godwit vm rm " + reservation.vmId() + " --force' on host " + reservation.from()
                + " ends the vm and this copy");
    }

    private void waits(String sentence) {
        LOG.warn("move {}: {}", reservation.moveId(), sentence);
        host.events().waits(progress.record(), sentence);
    }

    /** The VM runs at the target. */
    MoveRecord targetRuns(MoveOutcome.Committed committed) throws InterruptedException {
        progress.note(r -> r.withRunning(committed.fence(), OptionalLong.of(committed.resumedAtNanos())));
        if (progress.state() != MoveState.RESUME) {
            progress.enterEvenUnjournalled(MoveState.RESUME);
        }
        progress.enterEvenUnjournalled(MoveState.DRAIN);
        return release();
    }

    /** Late packets are through: let go of the paused copy. */
    MoveRecord release() throws InterruptedException {
        if (progress.state() == MoveState.DRAIN) {
            courtesy("drain", ports.network()::drain);
            courtesy("released", () -> ports.target().confirmReleased(reservation.moveId()));
            progress.enterAtLast(MoveState.RELEASE);
        }
        endPausedCopy();
        progress.enterAtLast(MoveState.DONE);
        return progress.record();
    }

    MoveRecord lost(String why) throws InterruptedException {
        progress.note(r -> r.withWhy(why));
        progress.enterAtLast(MoveState.LOST);
        return progress.record();
    }

    /**
     * What the target says within the outcome's wait. One that is silent for longer than the silence's wait, and one that
     * knows no end in time, are {@link MoveOutcome.NoAnswer}.
     */
    MoveOutcome outcomeInTime() throws InterruptedException {
        long start = host.clock().nanos();
        long deadline = start + host.limits().outcomeWait().toNanos();
        long heardAt = start;
        Backoff backoff = new Backoff(host);
        while (true) {
            long now = host.clock().nanos();
            if (now >= deadline) {
                return new MoveOutcome.NoAnswer("host " + reservation.to() + " came to no end within "
                        + host.limits().outcomeWait().toMillis() + " ms after the seal");
            }
            try {
                MoveOutcome outcome =
                        ports.target().awaitOutcome(reservation.moveId(), Duration.ofNanos(deadline - now));
                if (!(outcome instanceof MoveOutcome.NoAnswer)) {
                    return outcome;
                }
                heardAt = host.clock().nanos();
            } catch (IOException e) {
                long silentNanos = host.clock().nanos() - heardAt;
                if (silentNanos >= host.limits().silenceWait().toNanos()) {
                    return new MoveOutcome.NoAnswer("host " + reservation.to() + " gave no answer for "
                            + silentNanos / 1_000_000 + " ms after the seal: " + e.getMessage());
                }
            }
            backoff.pause();
        }
    }

    /** Gives the VM's place free for its next move, if this one has ended. */
    MoveRecord closing(MoveRecord ended) {
        if (ended.state().isTerminal()) {
            host.inProgress().end(reservation.vmId(), reservation.moveId());
        }
        return ended;
    }

    private MoveRecord goOn(long fence, String why) throws InterruptedException {
        Optional<String> gone = resume(fence);
        if (gone.isPresent()) {
            return lost(gone.get() + "; the move had failed: " + why);
        }
        progress.note(r -> r.withRunning(fence, OptionalLong.of(host.clock().nanos())));
        giveUp(why);
        progress.enterAtLast(MoveState.ROLLED_BACK);
        return progress.record();
    }

    /**
     * The guest runs here. Its packets come back before the target is told: what waits there would go with its copy. And
     * after the guest goes on: a stopped VMM takes one packet from its queue and loses it, and a host that is silent would
     * lengthen the pause.
     */
    private void giveUp(String why) throws InterruptedException {
        if (progress.record().entered(MoveState.STREAM)) {
            switchBack();
        }
        courtesy("abort", () -> ports.target().abort(reservation, why));
    }

    private void switchBack() throws InterruptedException {
        Backoff backoff = new Backoff(host);
        while (true) {
            try {
                ports.network().switchBack();
                return;
            } catch (IOException | RuntimeException e) {
                Interruption.rethrow();
                LOG.warn(
                        "move {} of vm {}: its packets do not come back to this host yet, it is tried again: {}",
                        reservation.moveId(),
                        reservation.vmId(),
                        Sentence.of(e));
                backoff.pause();
            }
        }
    }

    private void inDoubt() {
        if (progress.state() != MoveState.IN_DOUBT) {
            progress.enterEvenUnjournalled(MoveState.IN_DOUBT);
        }
    }

    private void endPausedCopy() throws InterruptedException {
        Backoff backoff = new Backoff(host);
        while (true) {
            try {
                ports.vm().discard();
                return;
            } catch (IOException | RuntimeException e) {
                LOG.warn(
                        "move {} of vm {}: the paused copy does not end and is tried again: {}",
                        reservation.moveId(),
                        reservation.vmId(),
                        Sentence.of(e));
                backoff.pause();
            }
        }
    }

    /**
     * Asks the guest to go on for as long as its process may live and the record names this host under this fence: a
     * resume without an answer may have been done, and no other copy can run.
     *
     * @return why it can never go on here; empty when it runs
     */
    private Optional<String> resume(long fence) throws InterruptedException {
        Backoff backoff = new Backoff(host);
        for (int tries = 1; ; tries++) {
            try {
                ports.vm().resume(fence);
                return Optional.empty();
            } catch (IOException | RuntimeException e) {
                Interruption.rethrow();
                LOG.warn(
                        "move {} of vm {}: the guest does not go on (try {}): {}",
                        reservation.moveId(),
                        reservation.vmId(),
                        tries,
                        Sentence.of(e));
                if (ports.vm().isGone()) {
                    return Optional.of("this host owns the vm again and its process has ended: " + Sentence.of(e));
                }
                if (tries == host.limits().resumeTries()) {
                    waits("this host owns vm " + reservation.vmId() + " again and its guest does not go on: "
                            + Sentence.of(e) + ". It is asked again until it does, or until its process ends");
                }
                if (tries % host.limits().resumeTries() == 0 && isTakenAway(fence)) {
                    return Optional.of("the vm's record no longer names this host under fence " + fence);
                }
            }
            backoff.pause();
        }
    }

    /** A store without an answer takes nothing away. */
    private boolean isTakenAway(long fence) {
        try {
            return !ports.ownership()
                    .read(reservation.vmId())
                    .equals(Optional.of(new Ownership(reservation.from(), fence)));
        } catch (OwnershipUnreadable unreadable) {
            LOG.info("move {}: the record can't be read: {}", reservation.moveId(), unreadable.getMessage());
            return false;
        }
    }

    /** What does no harm when it is left out: the target's lease ends what it does not hear of. */
    private void courtesy(String what, Act message) throws InterruptedException {
        for (int tries = 1; tries <= host.limits().courtesyTries(); tries++) {
            try {
                message.run();
                return;
            } catch (IOException e) {
                LOG.info(
                        "move {} of vm {}: '{}' failed towards host {} (try {} of {}): {}",
                        reservation.moveId(),
                        reservation.vmId(),
                        what,
                        reservation.to(),
                        tries,
                        host.limits().courtesyTries(),
                        e.getMessage());
            }
        }
    }

    @FunctionalInterface
    private interface Act {
        void run() throws IOException, InterruptedException;
    }
}
