package jenkins.metrics.api;

import com.codahale.metrics.MetricRegistry;

/** Signature of {@code jenkins.metrics.api.Metrics}: the members that the plugin uses. */
public class Metrics {

    public static MetricRegistry metricRegistry() {
        throw new UnsupportedOperationException();
    }
}
