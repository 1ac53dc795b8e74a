package dev.godwit.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The network of a project: its VMs reach each other and no VM of another one.
 *
 * @param project its name; {@code default} is always there
 * @param vni its number on the wire, given once, 1 to 4,194,303; {@code default} has 1
 * @param revision changes with every change; 0 for settings that nobody has made yet. Also the ETag, in quotes
 * @param allow destinations that are allowed although a wider rule denies them
 * @param deny destinations that are denied
 * @param egress how destinations outside the fleet are reached; others are anchored
 * @param rate what each of its VMs may send and get; null: as much as it can
 * @param subnet where its VMs get their IPv4 addresses from; null: from the fleet's
 */
public record Network(
        String project,
        int vni,
        long revision,
        List<TrafficRule> allow,
        List<TrafficRule> deny,
        List<EgressRule> egress,
        @Nullable TrafficRate rate,
        @Nullable String subnet) {
    /** The project of a VM that names none. */
    public static final String DEFAULT_PROJECT = "default";

    /** The highest number: the wire's next bit says "forwarded once". */
    public static final int VNI_MAX = (1 << 22) - 1;

    public Network {
        Require.name("project", project);
        Require.between("vni", vni, 1, VNI_MAX);
        Require.notNegative("revision", revision);
        allow = List.copyOf(allow);
        deny = List.copyOf(deny);
        egress = List.copyOf(egress);
    }

    /** What of it can be changed. */
    public NetworkSettings settings() {
        return new NetworkSettings(allow, deny, egress, rate, subnet);
    }
}
