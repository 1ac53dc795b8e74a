package dev.godwit.lab.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A row of the bench document.
 *
 * @param name the case
 * @param unit of all figures
 * @param ours what Godwit did
 * @param peers what the others did
 * @param ratio how many times better than the best peer, null without peers
 */
public record BenchRow(
        @JsonProperty("case") String name,
        String unit,
        Sample ours,
        List<Peer> peers,
        @Nullable Double ratio) {
    /** Another's figures. */
    public record Peer(String name, double median, double min, double max, int n) {
        static Peer of(String name, Sample sample) {
            return new Peer(name, sample.median(), sample.min(), sample.max(), sample.n());
        }
    }

    /** Figures of which more is better, such as bytes a second. */
    static BenchRow of(String name, String unit, Sample ours, List<Peer> peers) {
        Double ratio = peers.isEmpty()
                ? null
                : ours.median() / peers.stream().mapToDouble(Peer::median).max().orElseThrow();
        return new BenchRow(name, unit, ours, peers, ratio);
    }

    /** Figures of which less is better, such as milliseconds. */
    public static BenchRow ofCost(String name, String unit, Sample ours, List<Peer> peers) {
        Double ratio = peers.isEmpty()
                ? null
                : peers.stream().mapToDouble(Peer::median).min().orElseThrow() / ours.median();
        return new BenchRow(name, unit, ours, peers, ratio);
    }

    /** The row for a terminal. */
    String line() {
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT, "%-28s %-6s godwit %8.1f (%.1f-%.1f)", name, unit, ours.median(), ours.min(), ours.max()));
        for (Peer peer : peers) {
            line.append(String.format(
                    Locale.ROOT, "  %s %8.1f (%.1f-%.1f)", peer.name(), peer.median(), peer.min(), peer.max()));
        }
        return ratio == null
                ? line.append("  no peer").toString()
                : line.append(String.format(Locale.ROOT, "  ratio %.2f", ratio)).toString();
    }
}
