package dev.godwit.api;

import java.util.List;

/**
 * What a host's data plane has counted since it was made; hostd's restarts do not reset it.
 *
 * @param host its id
 * @param dropped every reason in both directions, those that never happened too
 * @param passed every way, among them {@code held} (waited for a VM that came) and {@code forwarded} (late, for one that left)
 */
public record HostTraffic(String host, List<TrafficCount> dropped, List<TrafficCount> passed) {
    public HostTraffic {
        Require.reference("host", host);
        dropped = List.copyOf(dropped);
        passed = List.copyOf(passed);
    }
}
