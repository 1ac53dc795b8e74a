package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.edge.DnsCounts;
import dev.godwit.edge.EdgeMetrics;
import dev.godwit.edge.EdgeState;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EdgeFiguresTest {
    private static String text(EdgeFigures.Source source) throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        EdgeFigures.register(source, registry);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(text, registry.scrape());
        return text.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theMetricsSayWhatAnEdgeIsAndHas() throws Exception {
        EdgeMetrics edge = new EdgeMetrics(
                EdgeState.ACTIVE,
                7,
                Duration.ofMillis(1500),
                3,
                120,
                4,
                false,
                9,
                2,
                1,
                17,
                1,
                Duration.ZERO,
                0,
                0,
                new DnsCounts(0, 0, 0, 0, 0, 0),
                Map.of("vm_to_edge", 5L));
        assertThat(text(() -> Optional.of(new EdgeFigures.Seen(edge, 6))).lines())
                .contains(
                        "godwit_edge_state{state=\"active\"} 1.0",
                        "godwit_edge_state{state=\"standby\"} 0.0",
                        "godwit_edge_lease_seconds 1.5",
                        "godwit_edge_takeovers_total 3.0",
                        "godwit_edge_connections{of=\"own\"} 120.0",
                        "godwit_edge_connections{of=\"copied\"} 4.0",
                        "godwit_edge_copy_complete 0.0",
                        "godwit_edge_connections_overflowed_total 9.0",
                        "godwit_edge_standbys{state=\"current\"} 1.0",
                        "godwit_edge_standbys{state=\"behind\"} 1.0",
                        "godwit_edge_changes_pending 17.0",
                        "godwit_edge_published_ports 6.0",
                        "godwit_edge_dropped_packets_total{rule=\"vm_to_edge\"} 5.0");
    }

    @Test
    void figuresThatCannotBeReadSpoilNoOthers() throws Exception {
        assertThat(text(() -> {
                    throw new IOException("nft is missing");
                }))
                .isEmpty();
    }
}
