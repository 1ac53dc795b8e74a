package dev.godwit.daemon;

import dev.godwit.edge.EdgeMetrics;
import dev.godwit.edge.EdgeState;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An edge's figures in {@code /metrics}, all of one moment. */
final class EdgeFigures implements MultiCollector {
    private static final Logger log = LoggerFactory.getLogger(EdgeFigures.class);

    private final Source source;

    private EdgeFigures(Source source) {
        this.source = source;
    }

    /** An edge at one moment, and how many ways from the world to VMs are open. */
    record Seen(EdgeMetrics edge, int publishedPorts) {}

    /** Whoever has the figures; empty before the edge is opened. */
    interface Source {
        Optional<Seen> figures() throws IOException;
    }

    static void register(Source source, PrometheusRegistry registry) {
        registry.register(new EdgeFigures(source));
    }

    @Override
    public MetricSnapshots collect() {
        try {
            return source.figures().map(EdgeFigures::snapshots).orElseGet(MetricSnapshots::new);
        } catch (IOException e) {
            log.warn("the edge's figures can't be read: {}", e.getMessage());
            return new MetricSnapshots();
        }
    }

    private static MetricSnapshots snapshots(Seen seen) {
        EdgeMetrics edge = seen.edge();
        GaugeSnapshot.Builder state = gauge("godwit_edge_state", "1 where the edge stands");
        for (EdgeState one : EdgeState.values()) {
            point(state, edge.state() == one ? 1 : 0, "state", one.name().toLowerCase(Locale.ROOT));
        }
        GaugeSnapshot.Builder connections =
                gauge("godwit_edge_connections", "Connections: own in the kernel's table, copied from the active edge");
        point(connections, (double) edge.flowsOwn(), "of", "own");
        point(connections, edge.flowsCopied(), "of", "copied");
        GaugeSnapshot.Builder standbys = gauge(
                "godwit_edge_standbys", "Stand-bys that are told of connections; current ones have been told all");
        point(standbys, edge.standbysCurrent(), "state", "current");
        point(standbys, edge.standbys() - edge.standbysCurrent(), "state", "behind");
        CounterSnapshot.Builder dropped =
                CounterSnapshot.builder().name("godwit_edge_dropped_packets").help("Packets dropped, by rule");
        for (Map.Entry<String, Long> rule : edge.dropped().entrySet()) {
            dropped.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                    .value((double) rule.getValue())
                    .labels(Labels.of("rule", rule.getKey()))
                    .build());
        }
        List<MetricSnapshot> all = List.of(
                state.build(),
                one(
                        "godwit_edge_lease_seconds",
                        "For how long the edge may still speak; 0 without the seat",
                        edge.leaseLeft().toNanos() / 1e9),
                counter("godwit_edge_takeovers", "How often the edge began to serve since hostd started", (double)
                        edge.takings()),
                connections.build(),
                one(
                        "godwit_edge_copy_complete",
                        "1 if the active edge is heard and has told all its connections",
                        edge.copyComplete() ? 1 : 0),
                standbys.build(),
                one(
                        "godwit_edge_changes_pending",
                        "Changes of connections that the slowest stand-by was not told yet",
                        edge.changesPending()),
                counter(
                        "godwit_edge_connections_overflowed",
                        "Connections of the active edge that there was no room for",
                        (double) edge.flowsOverflowed()),
                one(
                        "godwit_edge_published_ports",
                        "Ports open from the world to VMs, one a public address",
                        seen.publishedPorts()),
                dropped.build());
        return new MetricSnapshots(all);
    }

    private static GaugeSnapshot.Builder gauge(String name, String help) {
        return GaugeSnapshot.builder().name(name).help(help);
    }

    private static void point(GaugeSnapshot.Builder gauge, double value, String label, String labelValue) {
        gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                .value(value)
                .labels(Labels.of(label, labelValue))
                .build());
    }

    private static GaugeSnapshot one(String name, String help, double value) {
        return gauge(name, help)
                .dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                        .value(value)
                        .build())
                .build();
    }

    private static CounterSnapshot counter(String name, String help, double value) {
        return CounterSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .value(value)
                        .build())
                .build();
    }
}
