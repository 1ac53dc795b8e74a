package dev.godwit.move;

import java.time.Duration;

/**
 * The waits and bounds of a move.
 *
 * @param outcomeWait how long the source lets the target load and commit before it takes the VM back: far above the tens of
 *     milliseconds that takes, low enough that a dead target costs the guest a pause and no time-out of its own
 * @param silenceWait how long the source asks a target in vain that does not even answer "not yet" before it takes the VM
 *     back: a lost packet is sent again within it; taking back too early costs the move, never the VM
 * @param backoffFirst first pause between two tries of the fleet store or the other host
 * @param backoffMost longest such pause: a store that is back is noticed within it, so a restart resolves within 2 s
 * @param reservationLease how long the target keeps a promise without hearing of the move
 * @param courtesyTries how often a message whose loss does no harm (abort, released) is sent
 * @param resumeTries after how many vain tries a guest that does not go on is told of; it is asked on as long as it lives
 * @param followedInSilence how long a source asks a target that owns the VM and is silent before it tells an operator: a
 *     restart of its hostd takes less
 */
public record MoveLimits(
        Duration outcomeWait,
        Duration silenceWait,
        Duration backoffFirst,
        Duration backoffMost,
        Duration reservationLease,
        int courtesyTries,
        int resumeTries,
        Duration followedInSilence) {
    /** What production uses. */
    public static final MoveLimits DEFAULT = new MoveLimits(
            Duration.ofSeconds(5),
            Duration.ofSeconds(1),
            Duration.ofMillis(20),
            Duration.ofSeconds(1),
            Duration.ofSeconds(30),
            3,
            5,
            Duration.ofSeconds(10));

    public MoveLimits {
        positive("outcomeWait", outcomeWait);
        positive("silenceWait", silenceWait);
        positive("backoffFirst", backoffFirst);
        positive("reservationLease", reservationLease);
        positive("followedInSilence", followedInSilence);
        if (backoffMost.compareTo(backoffFirst) < 0) {
            throw new IllegalArgumentException("backoffMost " + backoffMost + " is below backoffFirst " + backoffFirst);
        }
        if (courtesyTries < 1 || resumeTries < 1) {
            throw new IllegalArgumentException(
                    "courtesyTries " + courtesyTries + " and resumeTries " + resumeTries + " must be at least 1");
        }
    }

    /** The same with another lease on the target's promise. */
    public MoveLimits withReservationLease(Duration lease) {
        return new MoveLimits(
                outcomeWait,
                silenceWait,
                backoffFirst,
                backoffMost,
                lease,
                courtesyTries,
                resumeTries,
                followedInSilence);
    }

    private static void positive(String name, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException(name + " " + value + " is not positive");
        }
    }
}
