package dev.godwit.move;

/** Decides after each round whether to go on; given from outside because it is policy. */
@FunctionalInterface
public interface Convergence {
    /** What to do after a round. */
    enum Decision {
        /** Another round while the VM runs. */
        GO_ON,
        /** What is left is small enough, or will not get smaller. */
        CUT_OVER,
        /** The move cannot end in time; the VM stays. */
        GIVE_UP
    }

    Decision after(RoundReport report);
}
