package dev.godwit.jenkins.metrics;

import dev.godwit.jenkins.GodwitMetrics;
import hudson.Extension;
import jenkins.metrics.api.Metrics;

/** The Metrics plugin's registry. */
@Extension(optional = true)
public class MetricsSink extends GodwitMetrics.Sink {
    @Override
    protected void count(String name) {
        Metrics.metricRegistry().counter(name).inc();
    }

    @Override
    protected void millis(String name, long millis) {
        Metrics.metricRegistry().histogram(name).update(millis);
    }
}
