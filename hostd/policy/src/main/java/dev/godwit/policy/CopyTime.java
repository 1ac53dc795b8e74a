package dev.godwit.policy;

import java.time.Duration;

/**
 * How long a copy takes and how long the VM stands still for it, by the geometric model of live migration: with r = dirty
 * rate / bandwidth, round k sends r times what round k - 1 sent. Source: Clark et al., "Live Migration of Virtual
 * Machines", NSDI 2005. Compression is not counted on.
 *
 * @param total from RESERVE to RELEASE
 * @param blackout the part of it in which the VM stands still
 */
record CopyTime(Duration total, Duration blackout) {
    /** RESERVE, the target's VMM, and DRAIN: measured at about a second under emulation, doubled. */
    static final Duration SET_UP = Duration.ofSeconds(2);
    /** Last scan, device state, commit and resume: 13 to 60 ms were measured. */
    static final Duration CUT_OVER = Duration.ofMillis(60);
    /** Above this share of the bandwidth, rounds shrink too slowly to be worth their bytes. */
    static final double DIRTY_SHARE_MAX = 0.8;
    /** A rest that goes in this time is small enough to stop for. */
    private static final double REST_SECONDS = 0.02;
    /** At a share of 0.8 and 100 s for the first round, the rest is below 20 ms after 39 rounds. */
    private static final int ROUNDS_MAX = 64;

    static boolean converges(VmLoad vm, Candidate target) {
        return vm.dirtyBytesPerSecond() <= DIRTY_SHARE_MAX * target.bandwidthBytesPerSecond();
    }

    static CopyTime preCopy(VmLoad vm, Candidate target) {
        double share = vm.dirtyBytesPerSecond() / target.bandwidthBytesPerSecond();
        double round = vm.bytesToSend() / target.bandwidthBytesPerSecond();
        double live = 0;
        for (int rounds = 0; rounds < ROUNDS_MAX && round > REST_SECONDS; rounds++) {
            live += round;
            round *= share;
        }
        return new CopyTime(SET_UP.plus(CUT_OVER).plus(seconds(live + round)), CUT_OVER.plus(seconds(round)));
    }

    static CopyTime stopAndCopy(VmLoad vm, Candidate target) {
        Duration copy = seconds(vm.bytesToSend() / target.bandwidthBytesPerSecond());
        return new CopyTime(SET_UP.plus(CUT_OVER).plus(copy), CUT_OVER.plus(copy));
    }

    private static Duration seconds(double seconds) {
        return Duration.ofNanos((long) Math.ceil(Math.min(seconds, 1e9) * 1e9));
    }
}
