package dev.godwit.edge;

import java.time.Duration;
import java.util.Map;

/**
 * An edge at one moment.
 *
 * @param state where it stands
 * @param fence of the seat that it has or had last
 * @param leaseLeft for how long this edge may still speak; zero: it has not got the seat
 * @param takings how often this edge began to serve since it was opened
 * @param flowsOwn connections in the kernel's table
 * @param flowsCopied connections of the other edge that it has a copy of
 * @param copyComplete whether the other edge is heard and has told everything
 * @param flowsOverflowed connections that there was no room for
 * @param standbysCurrent how many stand-bys have everything, of {@code standbys}
 * @param changesPending changes that the slowest stand-by was not told yet
 * @param listings how often a stand-by was told everything
 * @param lastLoad how long the connections took to load at the last fail-over to here; zero: never
 * @param flowsLoaded how many were loaded then
 * @param flowsClashed how many were left out then, because a newer one had their place
 * @param dns what was asked and answered
 * @param dropped packets by the name of the rule that dropped them
 */
public record EdgeMetrics(
        EdgeState state,
        long fence,
        Duration leaseLeft,
        long takings,
        long flowsOwn,
        int flowsCopied,
        boolean copyComplete,
        long flowsOverflowed,
        int standbys,
        int standbysCurrent,
        int changesPending,
        long listings,
        Duration lastLoad,
        int flowsLoaded,
        int flowsClashed,
        DnsCounts dns,
        Map<String, Long> dropped) {
    public EdgeMetrics {
        dropped = Map.copyOf(dropped);
    }
}
