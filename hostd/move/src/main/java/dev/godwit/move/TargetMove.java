package dev.godwit.move;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One move at the target. It may commit only with everything verified and loaded, only through its gate, and only by the
 * one compare-and-set of design §7; it lets the VM run only after the record was seen to name this host.
 */
final class TargetMove {
    private static final Logger LOG = LoggerFactory.getLogger(TargetMove.class);

    private final MoveHost host;
    private final OwnershipPort ownership;
    private final IncomingVmPort vm;
    private final MoveProgress progress;
    private final Reservation reservation;
    private final CommitGate gate = new CommitGate();
    private final CompletableFuture<MoveOutcome> outcome = new CompletableFuture<>();
    private volatile long heardAtNanos;
    private volatile @Nullable MoveState unwrittenEnd;

    TargetMove(MoveHost host, OwnershipPort ownership, IncomingVmPort vm, MoveProgress progress) {
        this.host = host;
        this.ownership = ownership;
        this.vm = vm;
        this.progress = progress;
        this.reservation = progress.record().reservation();
        heard();
    }

    MoveRecord record() {
        return progress.record();
    }

    /** The outcome once there is one. */
    CompletableFuture<MoveOutcome> outcome() {
        return outcome;
    }

    /** Renews the lease on the promise. */
    void heard() {
        heardAtNanos = host.clock().nanos();
    }

    boolean leaseEnded() {
        return host.clock().nanos() - heardAtNanos
                > host.limits().reservationLease().toNanos();
    }

    void reserve() throws ReservationRefused, IOException {
        requireGate("reserve");
        try {
            requireExpectedRecord();
            vm.reserve(reservation);
        } catch (ReservationRefused refusal) {
            giveUp(Sentence.of(refusal));
            throw refusal;
        } catch (IOException | RuntimeException failure) {
            giveUp(Sentence.of(failure));
            throw failure;
        }
        endWork();
    }

    void prepare() throws IOException {
        if (progress.state() == MoveState.STREAM) {
            return;
        }
        requireGate("prepare");
        try {
            progress.enter(MoveState.STREAM);
            vm.prepare(reservation);
        } catch (IOException | RuntimeException failure) {
            giveUp(Sentence.of(failure));
            throw failure;
        }
        endWork();
    }

    /** From the seal to the running VM: the target's part of the blackout. No line in it waits for the medium. */
    MoveOutcome cutOver() throws InterruptedException {
        if (!gate.begin()) {
            return outcome.getNow(new MoveOutcome.NoAnswer("move " + reservation.moveId() + " is being worked on"));
        }
        try {
            // A restart that finds this line, or finds it lost, gives the move up either way.
            progress.enterWithoutSync(MoveState.CUTOVER);
            vm.verify(reservation);
            vm.loadState(reservation);
        } catch (IOException | RuntimeException failure) {
            Interruption.rethrow();
            return giveUp(Sentence.of(failure));
        }
        if (!gate.commit()) {
            return giveUp("the source gave the move up before the commit");
        }
        try {
            // Only a restart of hostd has to know that the write may be on its way, and the kernel keeps this line for
            // it.
            // The death of the machine takes the copy with it, so the medium could save nothing.
            progress.enterWithoutSync(MoveState.COMMIT);
        } catch (IOException failure) {
            Interruption.rethrow();
            return giveUp(Sentence.of(failure));
        }
        return commit();
    }

    /**
     * A move that a start of hostd finds open. From COMMIT on no abort can stop it, and that must hold before the first
     * message is let in.
     */
    static TargetMove recalled(MoveHost host, OwnershipPort ownership, IncomingVmPort vm, MoveRecord record) {
        TargetMove move = new TargetMove(host, ownership, vm, MoveProgress.recalled(host, record));
        move.gate.begin();
        if (record.entered(MoveState.COMMIT)) {
            move.gate.commit();
        }
        return move;
    }

    /** Ends a recalled move: the record, the journal and the copy that is here decide. */
    MoveOutcome resolve() throws InterruptedException {
        return switch (progress.state()) {
            case DRAIN, RELEASE -> ran();
            case RESUME -> runUnlessGone("hostd was restarted and the vm's copy is gone");
            case COMMIT, IN_DOUBT -> isLoaded() ? commit() : renounce("hostd was restarted and the vm's copy is gone");
            default -> {
                // Only the death of the machine can have lost the lines after this one, and the copy with them.
                Optional<Ownership> actual = decision().readUntilKnown(() -> {});
                yield isCommitted(actual)
                        ? lost("the machine was restarted after the commit")
                        : giveUp("hostd of host " + reservation.to() + " was restarted before the commit");
            }
        };
    }

    /** The one compare-and-set, until its end is known. */
    private MoveOutcome commit() throws InterruptedException {
        Optional<Ownership> actual = decision().writeUntilKnown(reservation.to(), this::inDoubt);
        if (isCommitted(actual)) {
            return run();
        }
        return giveUp("the fleet store says "
                + actual.map(Ownership::toString).orElse("that the vm is gone")
                + ": the source took the vm back before the commit");
    }

    /** Makes sure that a commit which may still be on its way cannot succeed: the source keeps the VM, one fence on. */
    private MoveOutcome renounce(String why) throws InterruptedException {
        Optional<Ownership> actual = decision().writeUntilKnown(reservation.from(), this::inDoubt);
        return isCommitted(actual) ? runUnlessGone(why) : giveUp(why);
    }

    /** A copy that does not answer is no copy that is gone: it may be the only one that runs. */
    private MoveOutcome runUnlessGone(String why) throws InterruptedException {
        return vm.isGone(reservation) ? lost(why) : run();
    }

    /** The record names this host. */
    private MoveOutcome run() throws InterruptedException {
        long fence = reservation.fence() + 1;
        if (progress.state() != MoveState.RESUME) {
            try {
                // The record in the fleet store says the same; after the death of the machine there is no copy to run.
                progress.enterWithoutSync(MoveState.RESUME);
            } catch (IOException e) {
                LOG.warn("move {}: RESUME is not journalled and goes on: {}", reservation.moveId(), e.getMessage());
                progress.enterEvenUnjournalled(MoveState.RESUME);
            }
        }
        Backoff backoff = new Backoff(host);
        for (int tries = 1; ; tries++) {
            try {
                return runs(fence, vm.resume(reservation, fence));
            } catch (IOException | RuntimeException failure) {
                Interruption.rethrow();
                doesNotGoOn(tries, fence, failure);
                // A resume without an answer may have been done: only a copy that is gone is given up.
                if (vm.isGone(reservation)) {
                    return lost("host " + reservation.to() + " owns the vm under fence " + fence
                            + " and its copy has ended: " + Sentence.of(failure));
                }
            }
            backoff.pause();
        }
    }

    private MoveOutcome runs(long fence, long resumedAt) {
        progress.note(r -> r.withRunning(fence, OptionalLong.of(resumedAt)));
        heard();
        MoveOutcome committed = new MoveOutcome.Committed(fence, resumedAt);
        outcome.complete(committed);
        progress.enterEvenUnjournalled(MoveState.DRAIN);
        return committed;
    }

    private void doesNotGoOn(int tries, long fence, Exception failure) {
        progress.tellAll();
        LOG.warn(
                "move {} of vm {}: the guest does not go on (try {}): {}",
                reservation.moveId(),
                reservation.vmId(),
                tries,
                Sentence.of(failure));
        if (tries == host.limits().resumeTries()) {
            host.events()
                    .waits(
                            progress.record(),
                            "host " + reservation.to() + " owns vm " + reservation.vmId() + " under fence " + fence
                                    + " and its guest does not go on: " + Sentence.of(failure)
                                    + ". It is asked again until it does, or until its process ends");
        }
    }

    /** Gives the move up for good: the tombstone first, then the copy. */
    private MoveOutcome giveUp(String why) {
        return end(MoveState.ROLLED_BACK, new MoveOutcome.Failed(why), why);
    }

    private MoveOutcome lost(String why) {
        return end(MoveState.LOST, new MoveOutcome.Lost(why), why);
    }

    private MoveOutcome end(MoveState terminal, MoveOutcome ended, String why) {
        gate.close();
        progress.note(r -> r.withWhy(why));
        unwrittenEnd = terminal;
        writeEnd();
        outcome.complete(ended);
        discard();
        return ended;
    }

    /**
     * Writes the last line if it is not written yet. Until it is, no other move of this VM begins here. A restart without
     * it comes to the same end: before COMMIT it gives up, and from COMMIT on the record has changed for good.
     */
    void writeEnd() {
        MoveState terminal = unwrittenEnd;
        if (terminal != null) {
            try {
                progress.enter(terminal);
                unwrittenEnd = null;
                host.inProgress().end(reservation.vmId(), reservation.moveId());
            } catch (IOException e) {
                LOG.warn("move {}: {} waits for the journal: {}", reservation.moveId(), terminal, e.getMessage());
            }
        }
    }

    /** Whether it can still come to run the VM here. */
    boolean isGivenUp() {
        return outcome.isDone() && !(outcome.resultNow() instanceof MoveOutcome.Committed);
    }

    /** The source's word, or the end of the lease. */
    void abort(String why) {
        switch (gate.abort()) {
            case MINE -> giveUp(why);
            case LEFT_TO_WORKER ->
                LOG.info("move {}: is given up as soon as its work returns: {}", reservation.moveId(), why);
            case TOO_LATE ->
                LOG.info("move {}: abort came too late, the ownership record decides", reservation.moveId());
        }
    }

    /** The source has let go, or was not heard of for a lease. */
    void released() throws IOException {
        if (progress.state() == MoveState.DRAIN) {
            progress.enter(MoveState.RELEASE);
        }
        if (progress.state() == MoveState.RELEASE) {
            progress.enter(MoveState.DONE);
            host.inProgress().end(reservation.vmId(), reservation.moveId());
        }
    }

    private MoveOutcome ran() {
        MoveRecord record = progress.record();
        MoveOutcome committed = new MoveOutcome.Committed(
                record.fenceAfter().orElseThrow(), record.resumedAtNanos().orElseThrow());
        outcome.complete(committed);
        return committed;
    }

    /** A copy that does not answer at once is asked again: taken for gone, a good one would be thrown away. */
    private boolean isLoaded() throws InterruptedException {
        Backoff backoff = new Backoff(host);
        for (int tries = 1; tries <= host.limits().resumeTries(); tries++) {
            try {
                return vm.isLoaded(reservation);
            } catch (IOException e) {
                LOG.warn("move {}: the incoming copy does not answer: {}", reservation.moveId(), e.getMessage());
                backoff.pause();
            }
        }
        return false;
    }

    private OwnershipDecision decision() {
        return new OwnershipDecision(host, ownership, reservation);
    }

    private void inDoubt() {
        if (progress.state() == MoveState.COMMIT) {
            progress.enterEvenUnjournalled(MoveState.IN_DOUBT);
        }
    }

    private boolean isCommitted(Optional<Ownership> actual) {
        return actual.equals(Optional.of(new Ownership(reservation.to(), reservation.fence() + 1)));
    }

    private void discard() {
        try {
            vm.discard(reservation);
        } catch (IOException | RuntimeException e) {
            LOG.warn(
                    "move {} of vm {}: the incoming copy could not be removed; it never runs, and the next start of hostd "
                            + "removes it: {}",
                    reservation.moveId(),
                    reservation.vmId(),
                    Sentence.of(e));
        }
    }

    /** Without this record no commit could succeed; and the commit's own call finds code and connection warm. */
    private void requireExpectedRecord() throws ReservationRefused, IOException {
        Optional<Ownership> actual;
        try {
            actual = ownership.read(reservation.vmId());
        } catch (OwnershipUnreadable e) {
            throw new IOException(
                    "host " + reservation.to() + " cannot take vm " + reservation.vmId()
                            + ", since it could not commit: " + e.getMessage(),
                    e);
        }
        if (!actual.equals(Optional.of(reservation.expected()))) {
            throw new ReservationRefused(
                    "host " + reservation.to() + " does not take vm " + reservation.vmId() + ": the move is from "
                            + reservation.expected() + ", and the fleet store says "
                            + actual.map(Ownership::toString).orElse("that the vm is gone"));
        }
    }

    private void requireGate(String what) throws IOException {
        if (!gate.begin()) {
            throw new IOException("cannot " + what + " move " + reservation.moveId() + " of vm " + reservation.vmId()
                    + ": it is in state " + progress.state() + " or being worked on");
        }
    }

    private void endWork() throws IOException {
        if (!gate.end()) {
            giveUp("the source gave the move up");
            throw new IOException(
                    "move " + reservation.moveId() + " of vm " + reservation.vmId() + " was given up meanwhile");
        }
        heard();
    }

    /** Waits in real time for the outcome. */
    MoveOutcome await(Duration atMost) throws InterruptedException {
        try {
            return outcome.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException stillWorking) {
            return new MoveOutcome.NoAnswer("move " + reservation.moveId() + " is in state " + progress.state());
        } catch (ExecutionException impossible) {
            throw new IllegalStateException("an outcome is only ever completed with a value", impossible);
        }
    }
}
