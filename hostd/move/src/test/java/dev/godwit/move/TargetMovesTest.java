package dev.godwit.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TargetMovesTest {
    private final Tape tape = new Tape();
    private final MoveHost host = tape.host("host-b");
    private final TargetMoves targets = new TargetMoves(host, tape, tape);

    private void prepared() throws Exception {
        targets.reserve(Moves.reservation("m1"), Moves.PLANNED);
        targets.prepare("m1");
    }

    @Test
    void theTargetCommitsWhenEverythingIsLoadedAndRunsTheVmUnderTheNewFence() throws Exception {
        prepared();
        assertThat(targets.cutOver("m1")).isEqualTo(new MoveOutcome.Committed(8, 99));
        assertThat(tape.calls)
                .containsExactly(
                        "sync RESERVE",
                        "read record",
                        "set aside",
                        "sync STREAM",
                        "prepare vm",
                        "line CUTOVER",
                        "verify",
                        "load state",
                        "line COMMIT",
                        "give to host-b",
                        "line RESUME",
                        "run under 8",
                        "sync DRAIN");
        assertThat(tape.record).isEqualTo(new Ownership("host-b", 8));
        targets.released("m1");
        assertThat(tape.find("m1").orElseThrow().state()).isEqualTo(MoveState.DONE);
        assertThat(host.inProgress().moveOf("vm1")).isEmpty();
        assertThat(targets.outcome("m1")).isEqualTo(new MoveOutcome.Committed(8, 99));
    }

    @Test
    void betweenSealAndRunningGuestAreOneWriteToTheStoreAndNoWaitForTheMedium() throws Exception {
        prepared();
        targets.cutOver("m1");
        List<String> blackout =
                tape.calls.subList(tape.calls.indexOf("line CUTOVER"), tape.calls.indexOf("run under 8"));
        assertThat(blackout).noneMatch(call -> call.startsWith("sync")).doesNotContain("read record");
        assertThat(blackout.stream().filter("give to host-b"::equals)).hasSize(1);
    }

    @Test
    void aRefusalIsASentenceAndTheIdIsNeverTakenUpAgain() throws Exception {
        tape.failing("set aside", new ReservationRefused("needs 512 MiB, has 100"));
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> targets.reserve(Moves.reservation("m1"), Moves.PLANNED))
                .withMessage("needs 512 MiB, has 100");
        tape.failures.clear();
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> targets.reserve(Moves.reservation("m1"), Moves.PLANNED))
                .withMessageContaining("is not taken up again");
        targets.reserve(Moves.reservation("m2"), Moves.PLANNED);
    }

    @Test
    void aMoveOfAVmThatTheSourceDoesNotOwnUnderThatFenceIsRefused() {
        tape.record = new Ownership("host-a", 9);
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> targets.reserve(Moves.reservation("m1"), Moves.PLANNED))
                .withMessageContaining("host-a (fence 7)")
                .withMessageContaining("host-a (fence 9)");
        assertThat(tape.calls).doesNotContain("set aside");
    }

    @Test
    void aTargetThatCannotReachTheStoreTakesNoVm() {
        tape.storeCallsThatFail = 1;
        assertThatIOException()
                .isThrownBy(() -> targets.reserve(Moves.reservation("m1"), Moves.PLANNED))
                .withMessageContaining("could not commit: etcd is down");
        assertThat(tape.calls).doesNotContain("set aside");
    }

    @Test
    void aRepeatedReservationIsAcceptedOnce() throws Exception {
        targets.reserve(Moves.reservation("m1"), Moves.PLANNED);
        targets.reserve(Moves.reservation("m1"), Moves.PLANNED);
        assertThat(tape.calls.stream().filter("set aside"::equals)).hasSize(1);
    }

    @Test
    void anAbortMakesALaterCommitImpossible() throws Exception {
        prepared();
        targets.abort(Moves.reservation("m1"), "the source gave up");
        assertThat(targets.cutOver("m1")).isEqualTo(new MoveOutcome.Failed("the source gave up"));
        assertThat(tape.calls).contains("discard incoming").doesNotContain("give to host-b");
        assertThat(tape.calls).containsSubsequence("sync ROLLED_BACK", "discard incoming");
        targets.endAbandoned();
        assertThatIOException().isThrownBy(() -> targets.cutOver("m1"));
        assertThat(tape.calls).doesNotContain("give to host-b");
    }

    @Test
    void anAbortOfAMoveThatNeverCameRefusesItForEver() throws Exception {
        targets.abort(Moves.reservation("m1"), "the source gave up");
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> targets.reserve(Moves.reservation("m1"), Moves.PLANNED));
        TargetMoves afterRestart = new TargetMoves(tape.host("host-b"), tape, tape);
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> afterRestart.reserve(Moves.reservation("m1"), Moves.PLANNED));
        assertThat(tape.calls).doesNotContain("set aside");
    }

    @Test
    void aTargetThatHasEverythingAndIsSlowIsStoppedByTheRecord() throws Exception {
        prepared();
        tape.record = new Ownership("host-a", 8);
        assertThat(targets.cutOver("m1")).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(tape.calls).contains("give to host-b", "discard incoming").noneMatch(c -> c.startsWith("run under"));
        assertThat(tape.record).isEqualTo(new Ownership("host-a", 8));
    }

    @Test
    void aCommitWhoseAnswerIsLostIsReadBeforeTheVmRuns() throws Exception {
        prepared();
        tape.failing("give to host-b", new OwnershipOutcomeUnknown("no answer"));
        assertThat(targets.cutOver("m1")).isEqualTo(new MoveOutcome.Committed(8, 99));
        assertThat(tape.calls).containsSubsequence("give to host-b", "read record", "run under 8");
        assertThat(tape.calls.stream().filter("give to host-b"::equals)).hasSize(1);
    }

    @Test
    void aFailedVerificationNeverReachesTheStore() throws Exception {
        for (String call : List.of("verify", "load state", "line CUTOVER", "line COMMIT")) {
            Tape one = new Tape().failing(call, new IOException("page 17 differs"));
            TargetMoves moves = new TargetMoves(one.host("host-b"), one, one);
            moves.reserve(Moves.reservation("m1"), Moves.PLANNED);
            moves.prepare("m1");
            assertThat(moves.cutOver("m1")).as(call).isInstanceOf(MoveOutcome.Failed.class);
            assertThat(one.calls).as(call).contains("discard incoming").doesNotContain("give to host-b");
        }
    }

    @Test
    void anAbandonedReservationIsReleasedAfterItsLeaseAndNotBefore() throws Exception {
        prepared();
        tape.advance(Duration.ofSeconds(29));
        targets.endAbandoned();
        targets.heard("m1");
        tape.advance(Duration.ofSeconds(29));
        targets.endAbandoned();
        assertThat(tape.calls).doesNotContain("discard incoming");
        tape.advance(Duration.ofSeconds(2));
        targets.endAbandoned();
        assertThat(tape.calls).contains("discard incoming");
        assertThat(targets.outcome("m1")).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(host.inProgress().moveOf("vm1")).isEmpty();
    }

    @Test
    void aVmThatRunsHereIsNoLongerOnTheMoveWhenItsSourceIsNeverHeardOfAgain() throws Exception {
        prepared();
        targets.cutOver("m1");
        tape.advance(Duration.ofSeconds(31));
        targets.endAbandoned();
        assertThat(tape.find("m1").orElseThrow().state()).isEqualTo(MoveState.DONE);
        assertThat(tape.calls).doesNotContain("discard incoming");
    }

    @Test
    void aSecondMoveOfTheVmIsRefusedWithASentence() throws Exception {
        targets.reserve(Moves.reservation("m1"), Moves.PLANNED);
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> targets.reserve(Moves.reservation("m2"), Moves.PLANNED))
                .withMessageContaining("m1")
                .withMessageContaining("host-b");
    }

    @Test
    void theSealTwiceCommitsOnce() throws Exception {
        prepared();
        targets.cutOver("m1");
        assertThat(targets.cutOver("m1")).isEqualTo(new MoveOutcome.Committed(8, 99));
        assertThat(tape.calls.stream().filter("run under 8"::equals)).hasSize(1);
    }

    @Test
    void aSealWithoutAReservationIsAnErrorAndBeforePrepareAFailure() throws Exception {
        assertThatIOException().isThrownBy(() -> targets.cutOver("m1")).withMessageContaining("no reservation");
        targets.reserve(Moves.reservation("m1"), Moves.PLANNED);
        assertThat(targets.cutOver("m1")).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(tape.calls).doesNotContain("give to host-b");
    }

    @Test
    void aCommittedVmWhoseResumeFailsIsAskedOnAndNeverThrownAway() throws Exception {
        prepared();
        tape.failing("run under 8", new IOException("no space left on device"));
        int[] pauses = {0};
        tape.whileSleeping = () -> {
            assertThat(tape.find("m1").orElseThrow().state()).isEqualTo(MoveState.RESUME);
            if (++pauses[0] == 50) {
                tape.failures.clear();
            }
        };
        assertThat(targets.cutOver("m1")).isEqualTo(new MoveOutcome.Committed(8, 99));
        assertThat(tape.calls).doesNotContain("discard incoming");
        assertThat(tape.told).singleElement().asString().contains("no space left on device");
    }

    @Test
    void aCommittedVmWhoseCopyHasEndedIsLost() throws Exception {
        prepared();
        tape.failing("run under 8", new IOException("the VMM ended"));
        tape.gone = true;
        assertThat(targets.cutOver("m1")).isInstanceOf(MoveOutcome.Lost.class);
    }

    @Test
    void aHostThatIsLeftGivesUpWhatHasNotCommittedAndKeepsWhatHas() throws Exception {
        prepared();
        targets.abortAll("host-b is to be left");
        assertThat(targets.outcome("m1")).isEqualTo(new MoveOutcome.Failed("host-b is to be left"));
        assertThat(tape.calls).contains("discard incoming");
        Tape two = new Tape();
        TargetMoves committed = new TargetMoves(two.host("host-b"), two, two);
        committed.reserve(Moves.reservation("m2"), Moves.PLANNED);
        committed.prepare("m2");
        committed.cutOver("m2");
        committed.abortAll("host-b is to be left");
        assertThat(committed.outcome("m2")).isEqualTo(new MoveOutcome.Committed(8, 99));
    }

    @Test
    void hostdThatGoesDownDuringTheCutOverLeavesTheMoveOpen() throws Exception {
        prepared();
        tape.failing("verify", new IOException("the channel was closed by the interrupt"));
        Thread.currentThread().interrupt();
        assertThatExceptionOfType(InterruptedException.class).isThrownBy(() -> targets.cutOver("m1"));
        assertThat(tape.find("m1").orElseThrow().state().isTerminal()).isFalse();
        assertThat(tape.calls).doesNotContain("discard incoming");
    }

    @Test
    void whoWaitsForTheOutcomeIsToldWhenItIsThere() throws Exception {
        prepared();
        assertThat(targets.awaitOutcome("m1", Duration.ofMillis(5))).isInstanceOf(MoveOutcome.NoAnswer.class);
        CompletableFuture<MoveOutcome> waiting = new CompletableFuture<>();
        Thread waiter = Thread.ofVirtual().start(() -> {
            try {
                waiting.complete(targets.awaitOutcome("m1", Duration.ofSeconds(30)));
            } catch (IOException | InterruptedException e) {
                waiting.completeExceptionally(e);
            }
        });
        MoveOutcome outcome = targets.cutOver("m1");
        assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(outcome);
        waiter.join();
    }

    @Test
    void anUnknownMoveHasFailed() throws Exception {
        assertThat(targets.outcome("m1")).isInstanceOf(MoveOutcome.Failed.class);
    }

    @Test
    void theLastLineThatADiskRefusedIsWrittenLaterAndUntilThenTheVmIsOnTheMove() throws Exception {
        prepared();
        tape.failing("sync ROLLED_BACK", new IOException("no space left"));
        targets.abort(Moves.reservation("m1"), "the source gave up");
        assertThat(host.inProgress().moveOf("vm1")).contains("m1");
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> targets.reserve(Moves.reservation("m1"), Moves.PLANNED));
        tape.failures.clear();
        targets.endAbandoned();
        assertThat(host.inProgress().moveOf("vm1")).isEmpty();
        assertThat(tape.find("m1").orElseThrow().state()).isEqualTo(MoveState.ROLLED_BACK);
    }
}
