package dev.godwit.jenkins.broker;

import dev.godwit.client.Endpoint;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Agents that are made and removed again and again by one broker, and the heap that it takes. For one thread. */
public final class BrokerCycles implements AutoCloseable {
    private static final String SECRET = "5ec2e7a1b2c3d4e5f60718293a4b5c6d";

    private final Broker broker;
    private final SeenEvents events = new SeenEvents();
    private final ExecutorService builds;
    private final AtomicInteger served = new AtomicInteger();

    /**
     * A broker at a hostd that has the image debian-ci.
     *
     * @param cap most VMs at once
     * @param builds how many want one at once
     */
    public BrokerCycles(Endpoint endpoint, int cap, int builds) {
        this.builds = Executors.newFixedThreadPool(builds);
        AgentTemplate template = AgentTemplate.named("cycle", "debian-ci")
                .instanceCap(cap)
                .size(1, 256, 3072)
                .build();
        broker = Broker.open(
                new BrokerSettings(
                        "cycles", "cycles", List.of(endpoint), null, cap, List.of(template), Duration.ofMinutes(5)),
                Set::of,
                events,
                InstantSource.system(),
                Scheduler.real());
    }

    /** Makes and removes so many. */
    public void run(int cycles) throws IOException, InterruptedException {
        List<Callable<Void>> all = new ArrayList<>();
        for (int i = 0; i < cycles; i++) {
            all.add(this::cycle);
        }
        for (Future<Void> each : builds.invokeAll(all)) {
            try {
                each.get();
            } catch (ExecutionException e) {
                throw new IOException("a cycle failed: " + e.getMessage(), e);
            }
        }
        for (int seen = events.timesAvailable(); !broker.agents().isEmpty(); ) {
            seen = events.awaitAvailable(seen);
        }
    }

    private Void cycle() throws IOException, InterruptedException {
        String node = JenkinsBench.awaitNode(broker, events);
        broker.start(new AgentConnection(URI.create("http://jenkins.example/"), node, SECRET, true), line -> {});
        broker.connected(node);
        served.incrementAndGet();
        broker.terminate(node);
        return null;
    }

    /** How many had an agent whose process ran. */
    public int served() {
        return served.get();
    }

    /** Bytes in use after a collection of all garbage: the least of some looks. */
    @SuppressWarnings("gc") // what is reachable is what is asked for
    public static long heapBytes() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int look = 0; look < 5; look++) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(200);
            Runtime runtime = Runtime.getRuntime();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }

    @Override
    public void close() {
        builds.shutdownNow();
        broker.close();
    }
}
