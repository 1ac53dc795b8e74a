package dev.godwit.daemon;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;

/** Makes this host's {@link Control}; found by {@link java.util.ServiceLoader}, exactly one. */
public interface ControlFactory {
    /**
     * Takes back what an earlier hostd left running and begins to serve.
     *
     * @param events where the control writes what happens
     * @param metrics where it registers what it counts
     * @throws IOException this host can't serve; the message says what to do
     */
    Control open(HostdConfig config, EventLog events, PrometheusRegistry metrics) throws IOException;
}
