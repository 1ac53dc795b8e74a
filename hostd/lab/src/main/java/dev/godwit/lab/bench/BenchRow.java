package dev.godwit.lab.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row of the bench document: more is better in every unit here.
 *
 * @param name the case
 * @param unit of all figures
 * @param ours what Godwit did
 * @param peers what the others did
 * @param ratio how many times better than the best peer, null without peers
 */
record BenchRow(
        @JsonProperty("case") String name,
        String unit,
        Sample ours,
        List<Peer> peers,
        @Nullable Double ratio) {
    /** Another's figures. */
    record Peer(String name, double median, double min, double max, int n) {
        static Peer of(String name, Sample sample) {
            return new Peer(name, sample.median(), sample.min(), sample.max(), sample.n());
        }
    }

    static BenchRow of(String name, String unit, Sample ours, List<Peer> peers) {
        Double ratio = peers.isEmpty()
                ? null
                : ours.median() / peers.stream().mapToDouble(Peer::median).max().orElseThrow();
        return new BenchRow(name, unit, ours, peers, ratio);
    }
}
