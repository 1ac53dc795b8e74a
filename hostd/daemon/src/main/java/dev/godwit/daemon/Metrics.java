package dev.godwit.daemon;

import dev.godwit.api.Event;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/** What is counted, and {@code GET /metrics} in Prometheus's text format 0.0.4. Thread-safe. */
final class Metrics {
    private final PrometheusRegistry registry;
    private final Counter requests;
    private final Counter events;

    Metrics(PrometheusRegistry registry) {
        this.registry = registry;
        this.requests = Counter.builder()
                .name("godwit_rest_requests_total")
                .help("Requests by route and status")
                .labelNames("method", "route", "status")
                .register(registry);
        this.events = Counter.builder()
                .name("godwit_events_total")
                .help("Events by type")
                .labelNames("type")
                .register(registry);
        GaugeWithCallback.builder()
                .name("godwit_heap_used_bytes")
                .help("Heap of hostd in use")
                .callback(value -> value.call((double) (Runtime.getRuntime().totalMemory()
                        - Runtime.getRuntime().freeMemory())))
                .register(registry);
    }

    /** The data plane's counters are among what is answered from now on. */
    void count(VmTraffic traffic) {
        TrafficMetrics.register(traffic, registry);
    }

    List<Route> routes() {
        return List.of(new Route("GET", "/metrics", this::answer));
    }

    void count(Route route, int status) {
        requests.labelValues(route.method(), route.path(), Integer.toString(status))
                .inc();
    }

    void count(Event event) {
        events.labelValues(event.type().toString()).inc();
    }

    private void answer(ServerRequest request, ServerResponse response) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(text, registry.scrape());
        response.header(HeaderNames.CONTENT_TYPE, PrometheusTextFormatWriter.CONTENT_TYPE)
                .send(text.toByteArray());
    }
}
