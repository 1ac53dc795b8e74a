package dev.godwit.move;

/** How often, of a thousand, what goes wrong while faults are on. */
record SimFaults(
        int requestLost,
        int answerLost,
        int late,
        int duplicated,
        int storeAnswerLost,
        int storeWriteLate,
        int storeDown,
        int portFails,
        int diskFull,
        int crash,
        int vmmDies,
        int reboot) {
    static final SimFaults NONE = new SimFaults(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    /** hostd dies and comes back; the VMs and the machines live. */
    static final SimFaults ALL = new SimFaults(40, 40, 60, 60, 120, 120, 30, 15, 5, 6, 0, 0);
    /** Machines die too, and take their copies and the unsynced lines with them: a VM may be lost. */
    static final SimFaults MACHINES_DIE = new SimFaults(40, 40, 60, 60, 120, 120, 30, 15, 5, 5, 200, 2);

    /** An incoming VMM may die with its hostd, while a commit is on its way to a slow store. */
    static final SimFaults COPIES_DIE = new SimFaults(0, 0, 0, 0, 200, 400, 0, 0, 0, 15, 600, 0);

    /** Half of what is asked of a VMM has no answer, done or not: its monitor is slow, or the disk under hostd is full. */
    static final SimFaults VMMS_ANSWER_BADLY = new SimFaults(0, 0, 0, 0, 0, 0, 0, 500, 0, 0, 0, 0);

    static SimFaults drawn(java.util.random.RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> ALL;
            case 1 -> new SimFaults(0, 0, 0, 0, 300, 300, 60, 0, 0, 4, 0, 0);
            case 2 -> new SimFaults(150, 150, 150, 150, 0, 0, 0, 0, 0, 3, 0, 0);
            default -> new SimFaults(10, 10, 20, 20, 40, 40, 10, 60, 0, 15, 0, 0);
        };
    }
}
