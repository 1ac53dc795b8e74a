package dev.godwit.daemon;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Makes this host's {@link Control}; found by {@link java.util.ServiceLoader}, exactly one. */
public interface ControlFactory {
    /**
     * Takes back what an earlier hostd left running and begins to serve.
     *
     * @param events where the control writes what happens
     * @param metrics where it registers what it counts
     * @param tls who this host is on the network; null where it speaks without TLS
     * @throws IOException this host can't serve; the message says what to do
     */
    Control open(HostdConfig config, EventLog events, PrometheusRegistry metrics, @Nullable HostTls tls)
            throws IOException;
}
