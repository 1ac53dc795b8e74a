package dev.godwit.move;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class MoveRecoveryTest {
    private final Tape tape = new Tape();

    private void journalled(MoveSide side, MoveState... states) {
        MoveRecord record = Moves.record("m1", side);
        for (MoveState state : states) {
            record = record.enter(state, Instant.EPOCH.plusMillis(1));
        }
        tape.journalled.put("m1", record);
    }

    private MoveRecord recover(String hostId) throws Exception {
        MoveHost host = tape.host(hostId);
        TargetMoves targets = new TargetMoves(host, tape, tape);
        List<MoveRecovery.OpenMove> open =
                new MoveRecovery(host, r -> new SourcePorts(tape, tape, tape, tape), targets).openMoves();
        assertThat(open).hasSize(1);
        assertThat(host.inProgress().moveOf("vm1")).contains("m1");
        return open.getFirst().resolve();
    }

    @Test
    void aSourceThatHadNotPausedGoesOnWithoutAskingTheStore() throws Exception {
        journalled(MoveSide.SOURCE, MoveState.STREAM, MoveState.SWITCH);
        assertThat(recover("host-a").state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls)
                .containsSubsequence("switch back", "abort")
                .doesNotContain("give to host-a", "resume under 8", "switch over");
    }

    @Test
    void aSourceThatMayHavePausedTakesTheVmBackAndGoesOn() throws Exception {
        journalled(MoveSide.SOURCE, MoveState.STREAM, MoveState.SWITCH, MoveState.CUTOVER);
        assertThat(recover("host-a").state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls).containsSubsequence("give to host-a", "resume under 8", "switch back", "abort");
        assertThat(Duration.between(Instant.EPOCH, tape.now())).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void aSourceWhoseTargetHasCommittedStaysPausedAndLetsGo() throws Exception {
        journalled(MoveSide.SOURCE, MoveState.STREAM, MoveState.SWITCH, MoveState.CUTOVER, MoveState.COMMIT);
        tape.record = new Ownership("host-b", 8);
        tape.outcomes.add(new MoveOutcome.Committed(8, 99));
        assertThat(recover("host-a").state()).isEqualTo(MoveState.DONE);
        assertThat(tape.calls).contains("discard").noneMatch(c -> c.startsWith("resume"));
    }

    @Test
    void aSourceWhoseTargetMadeTheCommitImpossibleGoesOnUnderThatFence() throws Exception {
        journalled(MoveSide.SOURCE, MoveState.STREAM, MoveState.SWITCH, MoveState.CUTOVER, MoveState.COMMIT);
        tape.record = new Ownership("host-a", 8);
        assertThat(recover("host-a").state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls).contains("resume under 8");
    }

    @Test
    void aSourceThatCannotReadTheRecordStaysPausedUntilItCan() throws Exception {
        journalled(MoveSide.SOURCE, MoveState.STREAM, MoveState.SWITCH, MoveState.CUTOVER);
        tape.storeCallsThatFail = 25;
        MoveRecord record = recover("host-a");
        assertThat(record.entered(MoveState.IN_DOUBT)).isTrue();
        assertThat(record.state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls.stream().filter("give to host-a"::equals)).hasSize(26);
    }

    @Test
    void aTargetThatHadNotCommittedGivesUp() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM);
        assertThat(recover("host-b").state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.calls).contains("discard incoming").doesNotContain("give to host-b", "give to host-a");
    }

    @Test
    void aTargetThatMayHaveCommittedAndHasItsCopyFinishes() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM, MoveState.CUTOVER, MoveState.COMMIT);
        assertThat(recover("host-b").state()).isEqualTo(MoveState.DRAIN);
        assertThat(tape.calls).containsSubsequence("give to host-b", "run under 8");
    }

    @Test
    void aTargetThatMayHaveCommittedAndHasNoCopyMakesTheCommitImpossible() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM, MoveState.CUTOVER, MoveState.COMMIT);
        tape.loaded = false;
        assertThat(recover("host-b").state()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(tape.record).isEqualTo(new Ownership("host-a", 8));
    }

    @Test
    void aTargetThatHadCommittedRunsItsVm() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM, MoveState.CUTOVER, MoveState.COMMIT, MoveState.RESUME);
        tape.record = new Ownership("host-b", 8);
        assertThat(recover("host-b").state()).isEqualTo(MoveState.DRAIN);
        assertThat(tape.calls).contains("run under 8");
    }

    @Test
    void aTargetThatHadCommittedAndWhoseCopyDoesNotAnswerIsAskedUntilItRuns() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM, MoveState.CUTOVER, MoveState.COMMIT, MoveState.RESUME);
        tape.record = new Ownership("host-b", 8);
        tape.loaded = false;
        tape.failing("run under 8", new IOException("the monitor does not answer"));
        int[] pauses = {0};
        tape.whileSleeping = () -> {
            if (++pauses[0] == 20) {
                tape.failures.clear();
            }
        };
        assertThat(recover("host-b").state()).isEqualTo(MoveState.DRAIN);
        assertThat(tape.calls).doesNotContain("discard incoming");
    }

    @Test
    void aTargetWhoseCopyIsNotTakenBackYetKeepsItWhenTheRecordNamesIt() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM, MoveState.CUTOVER, MoveState.COMMIT);
        tape.record = new Ownership("host-b", 8);
        tape.loaded = false;
        assertThat(recover("host-b").state()).isEqualTo(MoveState.DRAIN);
        assertThat(tape.calls).contains("run under 8").doesNotContain("discard incoming");
    }

    @Test
    void aTargetThatHadCommittedAndWhoseCopyEndedSaysThatItIsLost() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM, MoveState.CUTOVER, MoveState.COMMIT, MoveState.RESUME);
        tape.record = new Ownership("host-b", 8);
        tape.gone = true;
        assertThat(recover("host-b").state()).isEqualTo(MoveState.LOST);
    }

    @Test
    void anAbortThatComesBeforeACommittedMoveIsTakenUpAgainDoesNotEndItsCopy() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM, MoveState.CUTOVER, MoveState.COMMIT);
        tape.record = new Ownership("host-b", 8);
        MoveHost host = tape.host("host-b");
        TargetMoves targets = new TargetMoves(host, tape, tape);
        List<MoveRecovery.OpenMove> open =
                new MoveRecovery(host, r -> new SourcePorts(tape, tape, tape, tape), targets).openMoves();
        targets.abort(Moves.reservation("m1"), "late");
        assertThat(open.getFirst().resolve().state()).isEqualTo(MoveState.DRAIN);
        assertThat(tape.calls).contains("run under 8").doesNotContain("discard incoming");
    }

    @Test
    void aTargetWhoseCopyDiedAfterTheCommitSaysThatItIsLost() throws Exception {
        journalled(MoveSide.TARGET, MoveState.STREAM);
        tape.record = new Ownership("host-b", 8);
        assertThat(recover("host-b").state()).isEqualTo(MoveState.LOST);
        assertThat(tape.calls).noneMatch(c -> c.startsWith("run under"));
    }
}
