package dev.godwit.daemon;

import dev.godwit.api.HostTraffic;
import dev.godwit.api.TrafficCount;
import dev.godwit.api.TrafficDirection;
import dev.godwit.net.CaptureLimit;
import dev.godwit.net.DataPlaneMaps;
import dev.godwit.net.Direction;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the kernel's programs tell of this host's VMs: flow events, counters, and their taps' packets. Thread-safe. */
final class RoutedTraffic implements VmTraffic, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RoutedTraffic.class);
    private static final Duration WAIT = Duration.ofMillis(500);
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(5);

    private final String hostId;
    private final DataPlaneMaps maps;
    private final FlowLog flows;
    private final Captures captures = new Captures();
    private final Map<String, Captures.Source> taps = new ConcurrentHashMap<>();
    private final Thread thread = Thread.ofPlatform().name("flows").daemon().unstarted(this::read);
    private volatile boolean open = true;

    /** @param bootNanos CLOCK_BOOTTIME */
    RoutedTraffic(String hostId, DataPlaneMaps maps, InstantSource clock, LongSupplier bootNanos) {
        this.hostId = hostId;
        this.maps = maps;
        this.flows = new FlowLog(hostId, clock, bootNanos);
    }

    /** Begins to read flow events. */
    void start() {
        thread.start();
    }

    /** A VM has a tap here from now on. */
    void came(String vmId, List<VmAddress> addresses, Captures.Source tap) {
        taps.put(vmId, tap);
        flows.add(vmId, addresses);
    }

    /** A VM's tap is about to be taken away: who follows or captures it is told. */
    void left(String vmId) {
        taps.remove(vmId);
        flows.remove(vmId);
        try {
            captures.end(vmId);
        } catch (IOException e) {
            log.info("vm {}: {}", vmId, e.getMessage());
        }
    }

    private void read() {
        String last = "";
        while (open) {
            try {
                maps.readFlows(WAIT, flows::accept);
                last = "";
            } catch (IOException | RuntimeException e) {
                if (!open) {
                    return;
                }
                if (!last.equals(String.valueOf(e.getMessage()))) {
                    last = String.valueOf(e.getMessage());
                    log.warn("flow events can't be read for now: {}", last, e);
                }
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(AFTER_FAILURE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Optional<HostTraffic> counts() throws IOException {
        List<TrafficCount> dropped = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            maps.counters()
                    .dropped(direction)
                    .forEach((reason, traffic) -> dropped.add(new TrafficCount(
                            reason.label(),
                            TrafficDirection.valueOf(direction.name()),
                            traffic.packets(),
                            traffic.bytes())));
        }
        List<TrafficCount> passed = new ArrayList<>();
        maps.counters()
                .passed()
                .forEach((way, traffic) ->
                        passed.add(new TrafficCount(way.label(), null, traffic.packets(), traffic.bytes())));
        return Optional.of(new HostTraffic(hostId, dropped, passed));
    }

    @Override
    public FlowReader flows(String vmId) {
        return flows.reader(vmId).orElseThrow(() -> notHere(vmId));
    }

    @Override
    public void capture(String vmId, CaptureLimit limit, OutputStream to) throws IOException {
        Captures.Source tap = taps.get(vmId);
        if (tap == null) {
            throw notHere(vmId);
        }
        captures.run(vmId, tap, limit, to);
    }

    private Unavailable notHere(String vmId) {
        return new Unavailable("VM " + vmId + " has no tap on host " + hostId
                + " now: it is stopped, has no network, or is on its way; ask again.");
    }

    @Override
    public void close() {
        open = false;
        thread.interrupt();
        try {
            if (!thread.join(WAIT.multipliedBy(4))) {
                log.warn("flow events are still read while the data plane is let go");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
