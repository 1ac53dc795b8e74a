package dev.godwit.lab;

import dev.godwit.api.Event;
import dev.godwit.client.EventStream;
import dev.godwit.client.GodwitClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The events of one host, collected as they come. Ends by itself when the host is gone. Its own thread reads; all
 * methods may be called from any thread.
 */
final class EventFeed implements AutoCloseable {
    /** A demo has some hundred events; a host that floods is told from a busy one. */
    private static final int EVENTS_MAX = 100_000;

    private final EventStream stream;
    private final String hostId;
    private final Consumer<Event> listener;
    private final List<Event> events = new ArrayList<>();
    private volatile boolean closed;

    private EventFeed(EventStream stream, String hostId, Consumer<Event> listener) {
        this.stream = stream;
        this.hostId = hostId;
        this.listener = listener;
    }

    /**
     * Follows a host from now on.
     *
     * @param client of this host alone
     * @param listener is told each event, on the feed's thread
     */
    static EventFeed follow(GodwitClient client, String hostId, Consumer<Event> listener) {
        EventFeed feed = new EventFeed(client.eventsAfter(hostId + ".0"), hostId, listener);
        Thread.ofPlatform().name("events-" + hostId).daemon().start(feed::read);
        return feed;
    }

    /** The first event so far that fits. */
    synchronized Optional<Event> first(Predicate<Event> fits) {
        return events.stream().filter(fits).findFirst();
    }

    /** Waits for an event that fits, also one that came before. */
    synchronized Optional<Event> await(Predicate<Event> fits, Duration limit) throws InterruptedException {
        long until = System.nanoTime() + limit.toNanos();
        while (true) {
            Optional<Event> found = events.stream().filter(fits).findFirst();
            long left = (until - System.nanoTime()) / 1_000_000;
            if (found.isPresent() || left <= 0) {
                return found;
            }
            wait(left);
        }
    }

    @Override
    public void close() {
        closed = true;
        stream.close();
    }

    private void read() {
        try {
            while (!closed) {
                Event event = stream.next();
                if (!event.host().equals(hostId)) {
                    continue; // of another host, which has a feed of its own
                }
                synchronized (this) {
                    if (events.size() == EVENTS_MAX) {
                        throw new LabException("more than " + EVENTS_MAX + " events of one host");
                    }
                    events.add(event);
                    notifyAll();
                }
                listener.accept(event);
            }
        } catch (IOException e) {
            if (!closed) {
                System.err.println("events: " + e.getMessage());
            }
        }
    }
}
