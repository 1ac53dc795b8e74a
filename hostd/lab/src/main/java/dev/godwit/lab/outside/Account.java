package dev.godwit.lab.outside;

import java.util.BitSet;

/** Accounts for numbers from 0 that should each come once and in order. For one thread. */
final class Account {
    private final BitSet seen = new BitSet();
    private long received;
    private long duplicated;
    private long reordered;
    private int next;

    /** A number came in. */
    void came(long number) {
        int index = Math.toIntExact(number); // at 1,000/s an int lasts for 24 days
        if (seen.get(index)) {
            duplicated++;
            return;
        }
        seen.set(index);
        received++;
        if (index < next) {
            reordered++;
        } else {
            next = index + 1;
        }
    }

    /** Different numbers that came. */
    long received() {
        return received;
    }

    /** Came again. */
    long duplicated() {
        return duplicated;
    }

    /** Came after a higher one. */
    long reordered() {
        return reordered;
    }

    /** Of {@code sent} numbers, those that never came. */
    long lost(long sent) {
        return sent - received;
    }
}
