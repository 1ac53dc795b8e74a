package dev.godwit.lab.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The content of {@code report.json}. A number that is not known is null, never 0.
 *
 * @param verified whether all checks are ok
 * @param accelerator {@code kvm} or {@code tcg}
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
