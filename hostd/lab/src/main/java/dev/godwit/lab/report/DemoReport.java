package dev.godwit.lab.report;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The content of {@code report.json}. A number that is not known is null, never 0.
 *
 * @param verified whether all checks are ok
 * @param accelerator {@code kvm} or {@code tcg}
 * @param oldHostPacketsAfterRelease of the VM, to or from hosts that had released it, as the routers saw them
 * @param failure the sentence that ended the demo before its end; null where it came to its end
 */
public record DemoReport(
        String scenario,
        boolean verified,
        @Nullable String accelerator,
        int vcpus,
        List<Check> checks,
        List<MoveReport> moves,
        @Nullable Stream stream,
        @Nullable Udp udp,
        @Nullable Pages pages,
        @Nullable Job job,
        @Nullable Outbound outbound,
        @Nullable Packets packets,
        @Nullable Long oldHostPacketsAfterRelease,
        @Nullable String failure) {
    public DemoReport {
        checks = List.copyOf(checks);
        moves = List.copyOf(moves);
        if (verified != (!checks.isEmpty() && checks.stream().allMatch(Check::ok))) {
            throw new IllegalArgumentException("verified is " + verified + " with the checks " + checks);
        }
    }

    /** A promise that was looked at; the detail says what was seen. */
    public record Check(String name, boolean ok, String detail) {}

    /** The numbered records of the one TCP connection. */
    public record Stream(
            long sent,
            long received,
            long lost,
            long duplicated,
            long reordered,
            long reconnects,
            @Nullable Double maxStallMillis) {}

    /** Datagrams to the VM and from it. */
    public record Udp(Flow in, Flow out) {}

    /** Datagrams of one direction. */
    public record Flow(@Nullable Long sent, @Nullable Long lost) {}

    /**
     * What the page checker saw.
     *
     * @param verifiedAfter pages verified after the last hop
     */
    public record Pages(
            @Nullable Long verifiedAfter, @Nullable Long errors) {}

    /** The one connection that the guest itself holds to a server outside, through the edge's NAT. */
    public record Outbound(
            @Nullable Long sent,
            @Nullable Long received,
            @Nullable Long reconnects) {}

    /**
     * The VM's packets between the hosts, over all moves.
     *
     * @param held that waited at the target until the VM ran there
     * @param forwardedLate that a source passed on to its target
     * @param droppedByReason what the hosts' and edges' programs dropped, by the reason's name; reasons without a drop are
     *     left out
     */
    public record Packets(
            @Nullable Long held,
            @Nullable Long forwardedLate,
            @Nullable Map<String, Long> droppedByReason) {}

    /**
     * What became of the build.
     *
     * @param objectsAfterCutover compiled after the first hop
     */
    public record Job(
            @Nullable Integer exit,
            @Nullable Double wallSeconds,
            @Nullable String artefactSha256,
            @Nullable Integer objects,
            @Nullable Integer objectsAfterCutover) {}
}
