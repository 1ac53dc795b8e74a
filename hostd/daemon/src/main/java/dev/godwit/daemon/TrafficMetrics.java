package dev.godwit.daemon;

import dev.godwit.api.HostTraffic;
import dev.godwit.api.TrafficCount;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data plane's counters in {@code /metrics}: every reason of a drop in both directions, and every way of what was
 * passed, among them {@code held} and {@code forwarded}. They are the kernel's, and go on over hostd's restarts.
 */
final class TrafficMetrics {
    private static final Logger log = LoggerFactory.getLogger(TrafficMetrics.class);

    private final VmTraffic traffic;

    private TrafficMetrics(VmTraffic traffic) {
        this.traffic = traffic;
    }

    static void register(VmTraffic traffic, PrometheusRegistry registry) {
        TrafficMetrics metrics = new TrafficMetrics(traffic);
        metrics.dropped("godwit_net_dropped_packets_total", "Packets of VMs dropped, by reason", TrafficCount::packets)
                .register(registry);
        metrics.dropped("godwit_net_dropped_bytes_total", "Bytes of VMs dropped, by reason", TrafficCount::bytes)
                .register(registry);
        metrics.passed("godwit_net_passed_packets_total", "Packets of VMs passed, by way", TrafficCount::packets)
                .register(registry);
        metrics.passed("godwit_net_passed_bytes_total", "Bytes of VMs passed, by way", TrafficCount::bytes)
                .register(registry);
    }

    private CounterWithCallback.Builder dropped(String name, String help, ToLongFunction<TrafficCount> of) {
        return CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("reason", "direction")
                .callback(value -> counts(HostTraffic::dropped)
                        .forEach(count -> value.call(
                                (double) of.applyAsLong(count),
                                count.what(),
                                Objects.requireNonNull(count.direction()).toString())));
    }

    private CounterWithCallback.Builder passed(String name, String help, ToLongFunction<TrafficCount> of) {
        return CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("way")
                .callback(value -> counts(HostTraffic::passed)
                        .forEach(count -> value.call((double) of.applyAsLong(count), count.what())));
    }

    private List<TrafficCount> counts(Function<HostTraffic, List<TrafficCount>> part) {
        try {
            return traffic.counts().map(part).orElse(List.of());
        } catch (IOException e) {
            log.warn("the data plane's counters can't be read: {}", e.getMessage());
            return List.of();
        }
    }
}
