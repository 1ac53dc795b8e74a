package dev.godwit.daemon;

import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.VmState;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events of all living hosts, put together for one client: each host's part has a thread that waits while the client is
 * slow, so nobody else does. Hosts that join are followed from then on, and one that dies ends its own part. {@link #run} is
 * called by one thread, which writes to the client.
 */
final class FleetEvents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FleetEvents.class);

    /** A few batches of events of each host; what a client does not take beyond it stays in the hosts' logs. */
    private static final int PARTS_MAX = 1024;

    /** The other hosts are waited for before the client hears that it is attached; one that is silent is not. */
    private static final Duration ATTACH = Duration.ofSeconds(3);

    /** As clients take a host for dead. */
    private static final Duration SILENCE = Sse.HEARTBEAT.multipliedBy(3).plusSeconds(1);

    private static final Duration LOOK_FOR_HOSTS = Duration.ofSeconds(1);

    private static final Duration ASK_AGAIN = Duration.ofMillis(300);

    /** Hosts' clocks differ by less. */
    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(1);

    private final Control control;
    private final EventLog log;
    private final Peer peer;
    private final InstantSource clock;
    private final EventIds ids;
    private final Optional<String> vm;
    private final Instant started;
    private final EventTail own;
    private final BlockingQueue<EventPart> parts = new ArrayBlockingQueue<>(PARTS_MAX);
    private final Map<String, Long> seen = new ConcurrentHashMap<>();
    private final Map<String, PeerEvents> following = new ConcurrentHashMap<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile Map<String, OtherHost> living = Map.of();
    private volatile boolean closed;

    /** Opens another host's own stream. */
    interface Peer {
        InputStream events(OtherHost host, Optional<String> vm, @Nullable String lastEventId) throws IOException;
    }

    /** The client's stream begins here; nothing is sent before {@link #run}. */
    FleetEvents(Control control, EventLog log, Peer peer, InstantSource clock, EventIds ids, Optional<String> vm) {
        this.control = control;
        this.log = log;
        this.peer = peer;
        this.clock = clock;
        this.ids = ids;
        this.vm = vm;
        this.started = clock.instant();
        // A client that has seen events of other hosts alone knows nothing of this one.
        this.own = new EventTail(log, control.hostId(), fromTheStartUnless(ids.of(control.hostId())), vm);
        seen.putAll(ids.numbers());
    }

    private OptionalLong fromTheStartUnless(OptionalLong number) {
        return number.isPresent() || ids.numbers().isEmpty() ? number : OptionalLong.of(0);
    }

    private final EventPart.Sink queue = new EventPart.Sink() {
        @Override
        public void put(EventPart part) throws InterruptedException {
            parts.put(part);
        }

        @Override
        public void alive() {}
    };

    /** Writes until the log closes or the client is gone. */
    void run(Sse stream) throws IOException, InterruptedException {
        boolean missing = attach();
        stream.heartbeat(); // the headers go now, so that a client knows that it is attached
        List<Event> records = missing ? ownersRecord() : List.of();
        start("own", () -> followOwn(records));
        start("hosts", this::lookForHosts);
        while (!log.closed()) {
            EventPart part = parts.poll(Sse.HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
            if (part == null) {
                stream.heartbeat();
            } else {
                stream.put(part);
            }
        }
    }

    /**
     * Begins to follow the other hosts, so that what happens there after the client has its headers is told.
     *
     * @return whether the client has seen events of a host whose log is not to be had now
     */
    private boolean attach() throws InterruptedException {
        living = hosts();
        living.values().forEach(host -> begin(host, ids.of(host.id())));
        long until = System.nanoTime() + ATTACH.toNanos();
        boolean missing = false;
        for (String host : ids.numbers().keySet()) {
            missing |= !host.equals(control.hostId()) && !following.containsKey(host);
        }
        for (Map.Entry<String, PeerEvents> one : following.entrySet()) {
            boolean answered =
                    one.getValue().attached().await(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS)
                            && one.getValue().answered();
            missing |= !answered && ids.of(one.getKey()).isPresent();
        }
        return missing;
    }

    private Map<String, OtherHost> hosts() {
        try {
            return control.otherHosts().stream()
                    .collect(Collectors.toUnmodifiableMap(OtherHost::id, host -> host, (one, same) -> one));
        } catch (IOException | Unavailable e) {
            LOG.info("the hosts of the fleet are not known now: {}", e.getMessage());
            return living;
        }
    }

    private void followOwn(List<Event> records) throws InterruptedException {
        own.catchUp(queue);
        for (Event event : records) {
            if (vm.isEmpty() || vm.get().equals(event.vm())) {
                queue.put(EventPart.unnumbered(event));
            }
        }
        own.follow(queue);
    }

    private void lookForHosts() throws InterruptedException {
        while (!closed) {
            Thread.sleep(LOOK_FOR_HOSTS);
            living = hosts();
            for (OtherHost host : living.values()) {
                if (!following.containsKey(host.id())) {
                    begin(host, OptionalLong.of(seen.getOrDefault(host.id(), 0L)));
                }
            }
            following.values().forEach(one -> one.dropIfSilent(SILENCE.toNanos()));
        }
    }

    /** Only the thread that runs, and then the one that looks for hosts, begins one. */
    private void begin(OtherHost host, OptionalLong after) {
        boolean asksForItsLog = ids.of(host.id()).isPresent() || !ids.numbers().isEmpty();
        PeerEvents part = new PeerEvents(
                host.id(),
                lastEventId -> peer.events(living.getOrDefault(host.id(), host), vm, lastEventId),
                asksForItsLog ? fromTheStartUnless(after) : after,
                asksForItsLog ? null : started.minus(CLOCKS_DIFFER));
        following.put(host.id(), part);
        start(host.id(), () -> follow(host.id(), part));
    }

    private void follow(String host, PeerEvents part) throws InterruptedException {
        try {
            do {
                part.follow(queue);
                part.seen().ifPresent(number -> seen.put(host, number));
                part.beginsAtTheLogsStartIfUnknown();
                Thread.sleep(ASK_AGAIN);
            } while (!closed && living.containsKey(host));
        } finally {
            following.remove(host, part);
        }
    }

    private interface Task {
        void run() throws InterruptedException;
    }

    private void start(String what, Task task) {
        Thread thread = Thread.ofVirtual().name("events-" + what).unstarted(() -> {
            try {
                task.run();
            } catch (InterruptedException over) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.error("a stream of events goes on without its part {}: {}", what, e.getMessage(), e);
            } finally {
                threads.remove(Thread.currentThread());
            }
        });
        threads.add(thread);
        thread.start();
    }

    /** How the VMs here stand, for a client that can't be told what another host saw last; from no log. */
    private List<Event> ownersRecord() throws IOException {
        return control.vms().stream()
                .map(vm -> new Event(
                        control.hostId() + ".0",
                        clock.instant(),
                        type(vm.state()),
                        vm.id(),
                        control.hostId(),
                        null,
                        null,
                        null,
                        "By the ownership record: " + vm.name() + " is " + vm.state() + " here, fence " + vm.fence()
                                + "."))
                .toList();
    }

    private static EventType type(VmState state) {
        return switch (state) {
            case CREATING -> EventType.CREATING;
            case RUNNING, MOVING -> EventType.RUNNING;
            case PAUSED, STOPPED -> EventType.PAUSED;
            case FAILED, LOST, UNKNOWN -> EventType.LOST;
        };
    }

    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
        following.values().forEach(PeerEvents::drop);
    }
}
