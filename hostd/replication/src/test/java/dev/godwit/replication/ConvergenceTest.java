package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.peer.Traffic;
import dev.godwit.replication.Convergence.Decision;
import dev.godwit.replication.Convergence.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConvergenceTest {
    private static final Duration FAR = Duration.ofSeconds(25);

    private final Convergence convergence = new Convergence(Duration.ofMillis(40), Duration.ofMillis(20));
    private final List<RoundReport> rounds = new ArrayList<>();

    /** A round over {@code pages} at 50,000 pages a second. */
    private void round(long pages, long dirtyAfter) {
        rounds.add(RoundReport.of(
                rounds.size() + 1, pages, 0, 0, 0, Traffic.NONE, dirtyAfter, Duration.ofNanos(pages * 20_000)));
    }

    private Decision decide(Duration untilDeadline) {
        return convergence.decide(rounds, untilDeadline);
    }

    @Test
    void aSmallRestIsCutOverAtOnce() {
        round(100_000, 500);
        Decision decision = decide(FAR);
        assertThat(decision.verdict()).isEqualTo(Verdict.CUT_OVER);
        assertThat(decision.predictedPause()).isEqualTo(Duration.ofMillis(30));
    }

    @Test
    void aShrinkingRestGetsAnotherRound() {
        round(100_000, 20_000);
        Decision decision = decide(FAR);
        assertThat(decision.verdict()).isEqualTo(Verdict.CONTINUE);
        assertThat(decision.predictedPause()).isEqualTo(Duration.ofMillis(420));
        // 20,000 pages take 400 ms and leave 4,000, which take 80 ms and leave 800, which take 16 ms in the pause.
        assertThat(decision.predictedFinish()).isEqualTo(Duration.ofMillis(516));
    }

    @Test
    void aRestThatHasStoppedShrinkingNearTheBudgetIsCutOver() {
        round(100_000, 4000);
        round(4000, 3900);
        round(3900, 4000);
        assertThat(decide(FAR).verdict()).isEqualTo(Verdict.CUT_OVER);
        assertThat(decide(FAR).predictedPause()).isLessThan(Duration.ofMillis(200));
    }

    @Test
    void oneBurstIsNotTakenForTheWorkingSet() {
        round(100_000, 20_000);
        round(20_000, 30_000);
        assertThat(decide(FAR).verdict()).isEqualTo(Verdict.CONTINUE);
    }

    @Test
    void aGuestThatDirtiesFasterThanTheLinkIsHopeless() {
        round(100_000, 90_000);
        round(90_000, 90_000);
        round(90_000, 90_000);
        Decision decision = decide(FAR);
        assertThat(decision.verdict()).isEqualTo(Verdict.HOPELESS);
        assertThat(decision.reason()).contains("no longer shrink");
    }

    @Test
    void whenNoTimeIsLeftForAnotherRoundThePauseComesNow() {
        round(100_000, 20_000);
        assertThat(decide(Duration.ofMillis(460)).verdict()).isEqualTo(Verdict.CUT_OVER);
        assertThat(decide(Duration.ofMillis(460)).reason()).contains("no time");
    }

    @Test
    void whenNotEvenThePauseFitsBeforeTheDeadlineItIsHopeless() {
        round(100_000, 20_000);
        assertThat(decide(Duration.ofMillis(300)).verdict()).isEqualTo(Verdict.HOPELESS);
    }

    @Test
    void anIdleGuestIsCutOverAfterItsFirstRound() {
        round(0, 0);
        assertThat(decide(FAR).verdict()).isEqualTo(Verdict.CUT_OVER);
    }

    @Test
    void everyGuestIsDecidedWithinItsDeadline() {
        for (long seed = 0; seed < 1000; seed++) {
            Random random = new Random(seed);
            List<RoundReport> seen = new ArrayList<>();
            double speed = 5_000 + random.nextInt(200_000);
            double rate = random.nextDouble() * 1.2 * speed;
            double workingSet = 100 + random.nextInt(100_000);
            double rest = 10_000 + random.nextInt(500_000);
            double left = 2 + random.nextDouble() * 30;
            double begun = left;
            Decision decision;
            do {
                double time = rest / speed;
                double dirty = Math.min(workingSet, rate * time) * (0.8 + 0.4 * random.nextDouble());
                seen.add(RoundReport.of(
                        seen.size() + 1, (long) rest, 0, 0, 0, Traffic.NONE, (long) dirty, Duration.ofNanos((long)
                                (time * 1e9))));
                left -= time;
                rest = dirty;
                decision = convergence.decide(seen, Duration.ofNanos((long) (Math.max(0, left) * 1e9)));
            } while (decision.verdict() == Verdict.CONTINUE && seen.size() < 1000);
            assertThat(decision.verdict())
                    .as("seed %d, %d rounds", seed, seen.size())
                    .isNotEqualTo(Verdict.CONTINUE);
            if (decision.verdict() == Verdict.CUT_OVER) {
                assertThat(decision.predictedPause().toNanos() / 1e9)
                        .as("seed %d of %.1f s", seed, begun)
                        .isLessThanOrEqualTo(left);
            }
        }
    }
}
