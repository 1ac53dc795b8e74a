package dev.godwit.daemon;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import org.jspecify.annotations.Nullable;

/** A host of its own fleet, for hostds that run as processes of their own. */
public final class FakeControlFactory implements ControlFactory {
    @Override
    public Control open(HostdConfig config, EventLog events, PrometheusRegistry metrics, @Nullable HostTls tls) {
        return new FakeControl(config.hostId(), new FakeFleet(), events);
    }
}
