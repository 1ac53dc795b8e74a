package dev.godwit.edge;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;

/** A number of places, of which one address gets only some. Thread-safe. */
final class Places {
    private final int most;
    private final int mostOfOne;
    private final Map<InetAddress, Integer> taken = new HashMap<>();
    private int all;

    Places(int most, int mostOfOne) {
        this.most = most;
        this.mostOfOne = mostOfOne;
    }

    /** Takes a place; false: none is left. */
    synchronized boolean take(InetAddress who) {
        int theirs = taken.getOrDefault(who, 0);
        if (all >= most || theirs >= mostOfOne) {
            return false;
        }
        all++;
        taken.put(who, theirs + 1);
        return true;
    }

    /** Gives a place back. */
    synchronized void give(InetAddress who) {
        all--;
        taken.computeIfPresent(who, (address, theirs) -> theirs == 1 ? null : theirs - 1);
    }
}
