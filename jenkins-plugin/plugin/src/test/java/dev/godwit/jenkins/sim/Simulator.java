package dev.godwit.jenkins.sim;

import hudson.model.Computer;
import hudson.model.Label;
import hudson.model.Node;
import hudson.model.Queue;
import hudson.model.labels.LabelAtom;
import hudson.model.queue.QueueListener;
import hudson.slaves.NodeProvisioner;
import hudson.slaves.SlaveComputer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import jenkins.model.Jenkins;

/**
 * A controller of one thread and virtual time: the types of Jenkins in this test tree behave, where a test looks, as a real
 * controller was measured to. It knows these traps and no other:
 *
 * <ul>
 *   <li>reviews of the queue every {@link #CLOCK}, the first {@link #INITIAL_DELAY} after the start (core's LoadStatistics.CLOCK
 *       and NodeProvisionerInvoker.INITIALDELAY; measured: a planned node was added 10.06 s after its future was complete, and a
 *       job queued 25 s after the start waited 75 s for the first decision);
 *   <li>a suggested review is passed over for {@link #REVIEW_THROTTLE} after the last one (core's suggestReviewNow);
 *   <li>a node whose agent is dead counts as capacity until it is removed (measured: no new agent within 45 s);
 *   <li>WebSocket: a connection closes when no byte came for {@link #WEBSOCKET_IDLE} (Jetty's; measured: a stall of 10 s was
 *       harmless, one of 70 s ended with "Connection Idle Timeout 70363/60000 ms");
 *   <li>ChannelPinger: a ping every {@link #PING_INTERVAL}, the channel ends when one is not answered for {@link #PING_TIMEOUT}
 *       (read in core);
 *   <li>the one-shot strategy that Jenkins offers launches an offline node again each minute (read in durable-task).
 * </ul>
 */
public final class Simulator {
    public static final Duration CLOCK = Duration.ofSeconds(10);
    public static final Duration INITIAL_DELAY = CLOCK.multipliedBy(10);
    public static final Duration REVIEW_THROTTLE = Duration.ofSeconds(1);
    public static final Duration WEBSOCKET_IDLE = Duration.ofSeconds(60);
    public static final Duration PING_INTERVAL = Duration.ofSeconds(300);
    public static final Duration PING_TIMEOUT = Duration.ofSeconds(240);
    static final Duration RETENTION_CLOCK = Duration.ofMinutes(1);

    private static Simulator current = new Simulator(Path.of("."));

    private record Event(long atMillis, long number, Runnable work) {}

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::atMillis).thenComparingLong(Event::number));
    private final Map<String, LabelAtom> labels = new TreeMap<>();
    private final Map<Class<?>, List<Object>> extensions = new HashMap<>();
    public final List<NodeProvisioner.Strategy> strategies = new ArrayList<>();
    public final Path home;
    private long nowMillis = 1_000_000;
    private long number;
    public boolean administrator = true;

    /** As {@code jenkins.websocket.idleTimeout} sets it. */
    public Duration webSocketIdle = WEBSOCKET_IDLE;

    private Simulator(Path home) {
        this.home = home;
    }

    /** A controller that starts now. */
    public static Simulator start(Path home) {
        current = new Simulator(home);
        Jenkins.restart();
        Queue.restart();
        current.every(INITIAL_DELAY, CLOCK, Simulator::reviewAll);
        current.every(RETENTION_CLOCK, RETENTION_CLOCK, () -> Jenkins.get().checkNodes());
        return current;
    }

    public static Simulator current() {
        return current;
    }

    public long nowMillis() {
        return nowMillis;
    }

    public InstantSource clock() {
        return () -> Instant.ofEpochMilli(nowMillis);
    }

    /** Adds an extension, as its annotation does in a real controller. */
    public void extension(Class<?> point, Object extension) {
        extensions.computeIfAbsent(point, any -> new ArrayList<>()).add(extension);
    }

    public <T> List<T> extensions(Class<T> point) {
        return extensions.getOrDefault(point, List.of()).stream()
                .map(point::cast)
                .toList();
    }

    public LabelAtom label(String name) {
        return labels.computeIfAbsent(name, LabelAtom::new);
    }

    public void after(long millis, Runnable work) {
        events.add(new Event(nowMillis + millis, number++, work));
    }

    private void every(Duration first, Duration period, Runnable work) {
        after(first.toMillis(), () -> {
            work.run();
            every(period, period, work);
        });
    }

    /** Lets time go by; what is due on the way happens in order. */
    public void advance(Duration time) {
        long end = nowMillis + time.toMillis();
        while (!events.isEmpty() && events.peek().atMillis() <= end) {
            Event event = events.remove();
            nowMillis = Math.max(nowMillis, event.atMillis());
            event.work().run();
            Queue.getInstance().maintain();
        }
        nowMillis = end;
    }

    private static void reviewAll() {
        Jenkins.get().unlabeledNodeProvisioner.update();
        for (Label label : List.copyOf(current.labels.values())) {
            label.nodeProvisioner.update();
        }
    }

    /** Queues a build that asks for a label. */
    public SimBuild build(String label) {
        SimBuild build = new SimBuild(label(label), nowMillis);
        Queue.BuildableItem item = Queue.getInstance().add(build);
        extensions(QueueListener.class).forEach(each -> each.onEnterBuildable(item));
        return build;
    }

    /** How long a build waited for an executor; empty time has gone by when it still waits after the limit. */
    public Duration waited(SimBuild build, Duration limit) {
        long end = nowMillis + limit.toMillis();
        while (build.startedMillis() < 0 && nowMillis < end) {
            advance(Duration.ofMillis(10));
        }
        return Duration.ofMillis(
                (build.startedMillis() < 0 ? nowMillis : build.startedMillis()) - build.queuedMillis());
    }

    /** An agent's process stands still from now on for some time, as in a long pause. */
    public void stall(SlaveComputer computer, Duration time) {
        if (time.compareTo(webSocketIdle) > 0) {
            after(webSocketIdle.toMillis(), () -> computer.channelClosed("Connection Idle Timeout"));
        }
        if (time.compareTo(PING_TIMEOUT) > 0) { // the worst case: a ping is sent just when it begins
            after(PING_TIMEOUT.toMillis(), () -> computer.channelClosed("Ping failed"));
        }
        after(time.toMillis(), computer::dialAgain);
    }

    /** An agent's process is killed. */
    public void kill(SlaveComputer computer) {
        computer.channelClosed("the agent's process ended");
    }

    public List<Computer> computers() {
        List<Computer> all = new ArrayList<>();
        for (Node node : Jenkins.get().getNodes()) {
            all.add(node.toComputer());
        }
        return all;
    }

    /** Threads that run in virtual time: what is submitted runs next. */
    public static final class Threads extends AbstractExecutorService {
        @Override
        public void execute(Runnable command) {
            current.after(0, command);
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return false;
        }
    }
}
