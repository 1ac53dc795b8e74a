package dev.godwit.jenkins.broker;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** How long agents took from the queue to their connection, per agent template. Thread-safe. */
public final class ProvisioningTimes {
    /** What is shown is about now, not about last week. */
    public static final int SAMPLES_MAX = 200;

    /**
     * One agent's way.
     *
     * @param plugin from when it was wanted to the request for its VM
     * @param vmStart from the request to the guest's answer
     * @param agentStart from there to the start of the agent's process
     * @param connect from there to its connection
     */
    public record Sample(Duration plugin, Duration vmStart, Duration agentStart, Duration connect) {
        /** From when it was wanted to its connection. */
        public Duration total() {
            return plugin.plus(vmStart).plus(agentStart).plus(connect);
        }
    }

    /** A figure of many samples. */
    public record Figure(Duration p50, Duration p95) {}

    /**
     * The figures of an agent template.
     *
     * @param samples how many agents they are about, at most the last {@value #SAMPLES_MAX}
     */
    public record Summary(
            int samples, Figure total, Figure plugin, Figure vmStart, Figure agentStart, Figure connect) {}

    private final Map<String, Deque<Sample>> samples = new HashMap<>();

    synchronized void add(String agentTemplate, Sample sample) {
        Deque<Sample> of = samples.computeIfAbsent(agentTemplate, any -> new ArrayDeque<>());
        of.addLast(sample);
        if (of.size() > SAMPLES_MAX) {
            of.removeFirst();
        }
    }

    /** The samples of an agent template, oldest first. */
    public synchronized List<Sample> samples(String agentTemplate) {
        return new ArrayList<>(samples.getOrDefault(agentTemplate, new ArrayDeque<>()));
    }

    /** The figures of an agent template; empty before its first agent was connected. */
    public Optional<Summary> summary(String agentTemplate) {
        List<Sample> all = samples(agentTemplate);
        if (all.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Summary(
                all.size(),
                figure(all, Sample::total),
                figure(all, Sample::plugin),
                figure(all, Sample::vmStart),
                figure(all, Sample::agentStart),
                figure(all, Sample::connect)));
    }

    private static Figure figure(List<Sample> samples, Function<Sample, Duration> of) {
        List<Duration> sorted = samples.stream().map(of).sorted().toList();
        return new Figure(percentile(sorted, 50), percentile(sorted, 95));
    }

    /** The nearest rank. */
    private static Duration percentile(List<Duration> sorted, int percent) {
        int rank = (int) Math.ceil(percent / 100.0 * sorted.size());
        return sorted.get(Math.max(0, rank - 1));
    }
}
