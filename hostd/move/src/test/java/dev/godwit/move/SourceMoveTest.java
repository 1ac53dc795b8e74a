package dev.godwit.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class SourceMoveTest {
    private static final MoveOutcome COMMITTED = new MoveOutcome.Committed(8, 99);

    private final Tape tape = new Tape();
    private final MoveHost host = tape.host("host-a");

    private SourceMove move(Convergence convergence) {
        return new SourceMove(
                host,
                Moves.reservation("m1"),
                Moves.PLANNED,
                new SourcePorts(tape, tape, tape, tape),
                tape,
                convergence);
    }

    /** The same on a tape of its own. */
    private static SourceMove cuttingOver(Tape tape) {
        return new SourceMove(
                tape.host("host-a"),
                Moves.reservation("m1"),
                Moves.PLANNED,
                new SourcePorts(tape, tape, tape, tape),
                tape,
                r -> Convergence.Decision.CUT_OVER);
    }

    private MoveRecord run() throws Exception {
        return move(r -> Convergence.Decision.CUT_OVER).run();
    }

    @Test
    void aMoveReadsTopToBottomAndJournalsBeforeItActs() throws Exception {
        tape.outcomes.add(COMMITTED);
        MoveRecord record = run();
        assertThat(tape.calls)
                .containsExactly(
                        "sync RESERVE",
                        "reserve",
                        "sync STREAM",
                        "prepare",
                        "start",
                        "round",
                        "sync SWITCH",
                        "flush",
                        "keep up",
                        "switch over",
                        "sync CUTOVER",
                        "kept up",
                        "pause",
                        "final round",
                        "save state",
                        "line COMMIT",
                        "seal",
                        "outcome?",
                        "sync RESUME",
                        "sync DRAIN",
                        "drain",
                        "released",
                        "sync RELEASE",
                        "discard",
                        "sync DONE",
                        "close stream");
        assertThat(record.state()).isEqualTo(MoveState.DONE);
        assertThat(record.fenceAfter()).hasValue(8);
        assertThat(record.resumedAtNanos()).hasValue(99);
        assertThat(record.pausedAtNanos()).isPresent();
        assertThat(record.bytes().memoryBytes()).isEqualTo(4096);
        assertThat(host.inProgress().moveOf("vm1")).isEmpty();
    }

    @Test
    void nothingBetweenPauseAndOutcomeWaitsForTheMedium() throws Exception {
        tape.outcomes.add(COMMITTED);
        run();
        List<String> blackout = tape.calls.subList(tape.calls.indexOf("pause"), tape.calls.indexOf("outcome?"));
        assertThat(blackout).noneMatch(call -> call.startsWith("sync")).doesNotContain("read record");
    }

    @Test
    void aRefusalLeavesTheVmRunningAndSaysWhy() throws Exception {
        tape.failing("reserve", new ReservationRefused("host-b lacks 512 MiB of memory, it has 100"));
        MoveRecord record = run();
        assertThat(record.state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(record.why()).isEqualTo("host-b lacks 512 MiB of memory, it has 100");
        assertThat(tape.calls).doesNotContain("pause", "give to host-a", "prepare", "switch back");
    }

    @Test
    void aFailureBeforeThePauseNeitherPausesNorAsksTheStoreAndTellsTheTarget() throws Exception {
        for (String call : List.of(
                "prepare",
                "start",
                "round",
                "sync SWITCH",
                "flush",
                "keep up",
                "switch over",
                "sync CUTOVER",
                "kept up")) {
            Tape one = new Tape().failing(call, new IOException("broken " + call));
            MoveRecord record = cuttingOver(one).run();
            assertThat(record.state()).as(call).isEqualTo(MoveState.ROLLED_BACK);
            assertThat(record.why()).contains("broken " + call);
            assertThat(one.calls)
                    .as(call)
                    .containsSubsequence("switch back", "abort")
                    .doesNotContain("pause", "give to host-a", "seal");
        }
    }

    @Test
    void aStreamThatDoesNotShrinkIsGivenUpAndTheVmStays() throws Exception {
        MoveRecord record = move(r -> Convergence.Decision.GIVE_UP).run();
        assertThat(record.state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(record.why()).contains("does not shrink");
        assertThat(tape.calls).doesNotContain("pause");
    }

    @Test
    void theSourceResumesWhenTheTargetDiesBeforeCommit() throws Exception {
        MoveRecord record = run();
        assertThat(record.state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(record.why()).contains("host-b is silent");
        assertThat(record.fenceAfter()).hasValue(8);
        assertThat(tape.record).isEqualTo(new Ownership("host-a", 8));
        assertThat(tape.calls)
                .containsSubsequence(
                        "seal", "sync ROLLING_BACK", "give to host-a", "resume under 8", "switch back", "abort");
    }

    @Test
    void aFailureAfterThePauseResumesOnlyAfterTheStoreSaidSo() throws Exception {
        for (String call : List.of("pause", "final round", "save state", "line COMMIT", "seal")) {
            Tape one = new Tape().failing(call, new IOException("broken " + call));
            MoveRecord record = cuttingOver(one).run();
            assertThat(record.state()).as(call).isEqualTo(MoveState.ROLLED_BACK);
            assertThat(one.calls)
                    .as(call)
                    .containsSubsequence("give to host-a", "resume under 8", "switch back", "abort");
        }
    }

    @Test
    void packetsThatDoNotComeBackAreAskedForUntilTheyDoAndTheTargetKeepsThemUntilThen() throws Exception {
        tape.failing("switch over", new IOException("no answer")).failing("switch back", new IOException("no answer"));
        int[] pauses = {0};
        tape.whileSleeping = () -> {
            assertThat(tape.calls).doesNotContain("abort");
            if (++pauses[0] == 20) {
                tape.failures.clear();
            }
        };
        assertThat(run().state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls).containsSubsequence("switch back", "switch back", "abort");
    }

    @Test
    void aTargetThatRunsTheVmIsNotKeptWaitingByPacketsThatDoNotDrain() throws Exception {
        tape.outcomes.add(COMMITTED);
        tape.failing("drain", new IOException("the edges are silent"));
        assertThat(run().state()).isEqualTo(MoveState.DONE);
        assertThat(tape.calls)
                .containsSubsequence("drain", "released", "discard")
                .doesNotContain("switch back");
    }

    @Test
    void aTargetThatCommittedWithoutAnAnswerKeepsTheVmAndTheSourceLetsGo() throws Exception {
        tape.record = new Ownership("host-b", 8);
        tape.whileSleeping = () -> {
            if (tape.calls.contains("give to host-a") && tape.outcomes.isEmpty()) {
                tape.outcomes.add(COMMITTED);
            }
        };
        MoveRecord record = run();
        assertThat(record.state()).isEqualTo(MoveState.DONE);
        assertThat(record.why()).isEmpty();
        assertThat(tape.calls).contains("give to host-a", "discard").noneMatch(c -> c.startsWith("resume"));
    }

    @Test
    void whileTheStoreIsDownNobodyRunsAndTheVmGoesOnWhenItAnswers() throws Exception {
        tape.storeCallsThatFail = 40;
        MoveRecord record = run();
        assertThat(record.state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(record.entered(MoveState.IN_DOUBT)).isTrue();
        assertThat(tape.calls.stream().filter("give to host-a"::equals)).hasSize(41);
        assertThat(tape.calls.stream().filter(c -> c.startsWith("resume"))).hasSize(1);
    }

    @Test
    void aRollbackWhoseAnswerIsLostIsReadAndNotWrittenAgain() throws Exception {
        tape.failing("give to host-a", new OwnershipOutcomeUnknown("no answer"));
        MoveRecord record = run();
        assertThat(record.state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls.stream().filter("give to host-a"::equals)).hasSize(1);
        assertThat(tape.calls).containsSubsequence("give to host-a", "read record", "resume under 8");
        assertThat(tape.record.fence()).isEqualTo(8);
    }

    @Test
    void aSecondMoveOfTheVmIsRefusedAndTheFirstIsNamed() throws Exception {
        host.inProgress().begin("vm1", "m0");
        assertThatExceptionOfType(MoveInProgress.class).isThrownBy(this::run).withMessageContaining("m0");
        assertThat(tape.calls).isEmpty();
    }

    @Test
    void aTargetThatOwnsTheVmAndCannotRunItLeavesThePausedCopyAlone() throws Exception {
        tape.outcomes.add(new MoveOutcome.Lost("the guest does not go on"));
        MoveRecord record = run();
        assertThat(record.state()).isEqualTo(MoveState.LOST);
        assertThat(tape.calls).doesNotContain("discard").noneMatch(c -> c.startsWith("resume"));
    }

    @Test
    void aSourceTellsThatItsTargetIsSilentAndLetsAnOperatorWriteItOff() throws Exception {
        tape.record = new Ownership("host-b", 8);
        int[] pauses = {0};
        tape.whileSleeping = () -> {
            if (++pauses[0] == 200) {
                assertThat(tape.told)
                        .singleElement()
                        .asString()
                        .contains("host-b")
                        .contains("--force");
                assertThat(host.inProgress().writeOffTarget("vm1")).contains("m1");
            }
        };
        MoveRecord record = run();
        assertThat(record.state()).isEqualTo(MoveState.LOST);
        assertThat(record.why()).contains("wrote off host host-b");
        assertThat(tape.calls).doesNotContain("discard").noneMatch(c -> c.startsWith("resume"));
        assertThat(host.inProgress().moveOf("vm1")).isEmpty();
    }

    @Test
    void writingATargetOffDoesNothingToAMoveThatCanStillGoBack() throws Exception {
        tape.whileSleeping = () -> host.inProgress().writeOffTarget("vm1");
        assertThat(run().state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls).contains("resume under 8");
    }

    @Test
    void aGuestThatDoesNotGoOnAtOnceIsAskedOnAndNotLost() throws Exception {
        tape.failing("resume under 8", new IOException("the monitor does not answer"));
        int[] pauses = {0};
        tape.whileSleeping = () -> {
            pauses[0] += tape.calls.contains("resume under 8") ? 1 : 0;
            if (pauses[0] == 50) {
                tape.failures.clear();
            }
        };
        assertThat(run().state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.told).singleElement().asString().contains("the monitor does not answer");
    }

    @Test
    void aGuestWhoseProcessEndedOrWhoseRecordIsTakenAwayIsLost() throws Exception {
        tape.failing("resume under 8", new IOException("the VMM ended"));
        tape.gone = true;
        assertThat(run().why()).contains("its process has ended");
        Tape two = new Tape().failing("resume under 8", new IOException("no answer"));
        two.whileSleeping = () -> {
            if (two.calls.contains("resume under 8")) {
                two.record = new Ownership("host-c", 9);
            }
        };
        MoveRecord taken = cuttingOver(two).run();
        assertThat(taken.state()).isEqualTo(MoveState.LOST);
        assertThat(taken.why()).contains("no longer names this host");
    }

    @Test
    void hostdThatGoesDownLeavesTheMoveOpenWhereverItIs() throws Exception {
        for (String call : List.of("prepare", "round", "pause", "seal")) {
            Tape one = new Tape().failing(call, new IOException("closed by the interrupt"));
            SourceMove move = cuttingOver(one);
            Thread.currentThread().interrupt();
            assertThatExceptionOfType(InterruptedException.class).as(call).isThrownBy(move::run);
            assertThat(one.openMoves()).as(call).hasSize(1);
            assertThat(one.calls).as(call).doesNotContain("abort", "give to host-a", "resume under 8");
        }
    }

    @Test
    void aFullDiskKeepsTheNextMoveOutUntilTheEndIsWritten() throws Exception {
        tape.failing("round", new IOException("broken")).failing("sync ROLLED_BACK", new IOException("no space left"));
        tape.whileSleeping = () -> {
            assertThat(host.inProgress().moveOf("vm1")).contains("m1");
            tape.failures.remove("sync ROLLED_BACK");
        };
        assertThat(run().state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(host.inProgress().moveOf("vm1")).isEmpty();
    }
}
