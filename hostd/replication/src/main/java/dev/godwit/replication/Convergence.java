package dev.godwit.replication;

import java.time.Duration;
import java.util.List;

/**
 * Whether another round pays, from what the rounds measured. Pure: no clock, no fixed number of rounds.
 *
 * <p>The model: pages go at {@code speed} a second, the guest dirties {@code rate} a second, so a round over a rest of
 * {@code d} pages leaves {@code d * rate / speed}.
 */
public final class Convergence {
    /** Rounds whose speed is averaged: one alone is noise, old ones were about other pages. */
    private static final int ROUNDS_AVERAGED = 3;
    /** A rest that a round did not make smaller than this share of the smallest before it has stopped shrinking. */
    private static final double SHRUNK_TO = 0.9;
    /** Rounds without shrinking until the rest counts as the guest's working set: one may be a burst. */
    private static final int STUCK_ROUNDS = 2;
    /** A rest that has stopped shrinking is still worth a pause of so many budgets; beyond it is hopeless. */
    private static final double PAUSE_BUDGETS_MAX = 5;
    /** Rounds that a prediction looks ahead: a rest that needs more shrinks too slowly to be predicted. */
    private static final int ROUNDS_AHEAD = 64;

    private final double budgetSeconds;
    private final double fixedSeconds;

    /** What to do after a round. */
    public enum Verdict {
        /** Another round makes the pause shorter, and there is time for it. */
        CONTINUE,
        /** Pause now: the rest fits the budget, or rounds no longer help, or time is up. */
        CUT_OVER,
        /** The rest does not shrink and its pause is far above the budget, or does not fit before the deadline. */
        HOPELESS
    }

    /**
     * A decision.
     *
     * @param predictedPause of the guest, if it were paused now
     * @param predictedFinish from now until the sink has everything, as this goes on
     * @param reason for people
     */
    public record Decision(Verdict verdict, Duration predictedPause, Duration predictedFinish, String reason) {}

    /**
     * Rules for one move.
     *
     * @param pauseBudget how long the guest may stand still
     * @param pauseFixedCost of it, what does not depend on pages: stop, device state, commit, resume
     */
    public Convergence(Duration pauseBudget, Duration pauseFixedCost) {
        if (pauseFixedCost.isNegative() || pauseBudget.compareTo(pauseFixedCost) <= 0) {
            throw new IllegalArgumentException(
                    "pause budget " + pauseBudget + " is not above its fixed part " + pauseFixedCost);
        }
        this.budgetSeconds = seconds(pauseBudget);
        this.fixedSeconds = seconds(pauseFixedCost);
    }

    /**
     * Decides after a round.
     *
     * @param rounds all so far, oldest first; at least one
     * @param untilDeadline from now; a very long time when there is none
     */
    public Decision decide(List<RoundReport> rounds, Duration untilDeadline) {
        if (rounds.isEmpty()) {
            throw new IllegalArgumentException("there is nothing to decide from before the first round");
        }
        RoundReport last = rounds.getLast();
        double left = seconds(untilDeadline);
        double speed = speed(rounds);
        double ratio = last.dirtyRatePagesPerSecond() / speed;
        double rest = last.dirtyAfter();
        double pause = fixedSeconds + rest / speed;
        if (pause > left) {
            return decision(
                    Verdict.HOPELESS,
                    pause,
                    pause,
                    "%.0f pages need %.0f ms, the deadline is in %.0f ms".formatted(rest, pause * 1e3, left * 1e3));
        }
        if (pause <= budgetSeconds) {
            return decision(Verdict.CUT_OVER, pause, pause, "%.0f pages fit the pause budget".formatted(rest));
        }
        double round = rest / speed;
        double pauseAfter = fixedSeconds + rest * ratio / speed;
        if (round + pauseAfter > left) {
            return decision(Verdict.CUT_OVER, pause, pause, "no time is left for another round");
        }
        if (stuck(rounds)) {
            boolean bearable = pause <= budgetSeconds * PAUSE_BUDGETS_MAX;
            return decision(
                    bearable ? Verdict.CUT_OVER : Verdict.HOPELESS,
                    pause,
                    pause,
                    "%.0f pages no longer shrink: dirtied %.0f/s, sent %.0f/s"
                            .formatted(rest, last.dirtyRatePagesPerSecond(), speed));
        }
        return decision(
                Verdict.CONTINUE, pause, finish(rest, speed, ratio), "%.0f pages are still dirty".formatted(rest));
    }

    /** Pages a second over the newest rounds, the time of small rounds included: what a pause would see. */
    private static double speed(List<RoundReport> rounds) {
        List<RoundReport> newest = rounds.subList(Math.max(0, rounds.size() - ROUNDS_AVERAGED), rounds.size());
        double pages = newest.stream().mapToLong(RoundReport::pages).sum();
        double time = newest.stream().mapToDouble(r -> seconds(r.elapsed())).sum();
        // At least one page a second: a round without pages says nothing of speed, and must not divide by zero.
        return Math.max(1, pages / Math.max(1e-9, time));
    }

    private static boolean stuck(List<RoundReport> rounds) {
        if (rounds.size() <= STUCK_ROUNDS) {
            return false;
        }
        int from = rounds.size() - STUCK_ROUNDS;
        long before = Long.MAX_VALUE;
        for (RoundReport round : rounds.subList(0, from)) {
            before = Math.min(before, round.dirtyAfter());
        }
        for (RoundReport round : rounds.subList(from, rounds.size())) {
            if (round.dirtyAfter() < before * SHRUNK_TO) {
                return false;
            }
        }
        return true;
    }

    private double finish(double rest, double speed, double ratio) {
        double pages = rest;
        double time = 0;
        for (int i = 0; i < ROUNDS_AHEAD && fixedSeconds + pages / speed > budgetSeconds && ratio < 1; i++) {
            time += pages / speed;
            pages *= ratio;
        }
        return time + fixedSeconds + pages / speed;
    }

    private static Decision decision(Verdict verdict, double pause, double finish, String reason) {
        return new Decision(verdict, duration(pause), duration(finish), reason);
    }

    private static double seconds(Duration duration) {
        return duration.getSeconds() + duration.getNano() / 1e9;
    }

    private static Duration duration(double seconds) {
        return Duration.ofNanos((long) Math.min(seconds * 1e9, Long.MAX_VALUE / 2.0));
    }
}
