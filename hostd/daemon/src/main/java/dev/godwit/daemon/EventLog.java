package dev.godwit.daemon;

import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.MoveState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happened on this host: an append-only file of one JSON event a line, numbered from 1, of which the newest are kept.
 * It outlives a killed hostd; the last events before a power cut may be missing, because an event is never worth the
 * milliseconds of a sync in the middle of a move. Readers hold a number and pull, so a slow one costs nothing. Thread-safe.
 */
public final class EventLog implements AutoCloseable {
    /** A busy host of 100 moves an hour, 12 events each, can be read up after half a day. */
    static final int EVENTS_MAX = 16_384;

    /** The file is written anew when it holds twice the events: then rewriting costs as much as appending did. */
    private static final int EVENTS_IN_FILE_MAX = 2 * EVENTS_MAX;

    /** A detail is a sentence. */
    private static final int DETAIL_CHARACTERS_MAX = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);

    private final Path file;
    private final String hostId;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition grown = lock.newCondition();
    private final ArrayDeque<Event> events = new ArrayDeque<>();
    private final List<Consumer<Event>> listeners = new CopyOnWriteArrayList<>();
    private FileChannel channel;
    private int eventsInFile;
    private long last;
    private boolean closed;

    private EventLog(Path file, String hostId, InstantSource clock, FileChannel channel) {
        this.file = file;
        this.hostId = hostId;
        this.clock = clock;
        this.channel = channel;
    }

    /** Opens the log, or begins one; a last line that a crash tore is dropped. */
    public static EventLog open(Path file, String hostId, InstantSource clock) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        EventLog log = new EventLog(file, hostId, clock, channel);
        log.load();
        return log;
    }

    private void load() throws IOException {
        byte[] content = Files.readAllBytes(file);
        int start = 0;
        for (int i = 0; i < content.length; i++) {
            if (content[i] == '\n') {
                keep(Json.read(Arrays.copyOfRange(content, start, i), Event.class));
                eventsInFile++;
                start = i + 1;
            }
        }
        if (start < content.length) {
            LOG.warn("The last {} bytes of {} are half an event; they are dropped", content.length - start, file);
            channel.truncate(start);
        }
        channel.position(start);
        Event newest = events.peekLast();
        last = newest == null ? 0 : number(newest);
    }

    /** An event that is not part of a move. */
    public Event append(EventType type, String vm, @Nullable String detail) {
        return append(type, vm, null, null, null, detail);
    }

    /**
     * Appends an event and wakes the readers.
     *
     * @param vm id of the VM; empty for the whole host
     * @param elapsed since the move began
     */
    public Event append(
            EventType type,
            String vm,
            @Nullable String move,
            @Nullable MoveState state,
            @Nullable Duration elapsed,
            @Nullable String detail) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("event " + type + " of vm " + vm + " came after the log was closed");
            }
            Event event = new Event(
                    hostId + "." + (last + 1),
                    clock.instant(),
                    type,
                    vm,
                    hostId,
                    move,
                    state,
                    elapsed == null ? null : elapsed.toMillis(),
                    detail == null ? null : detail.substring(0, Math.min(detail.length(), DETAIL_CHARACTERS_MAX)));
            write(event);
            last++;
            keep(event);
            grown.signalAll();
            listeners.forEach(listener -> listener.accept(event));
            return event;
        } finally {
            lock.unlock();
        }
    }

    /** Calls {@code listener} for each new event, in order, while the log is locked: it must be quick. */
    public void onEvent(Consumer<Event> listener) {
        listeners.add(listener);
    }

    /** The number of the newest event, 0 when there is none. */
    public long last() {
        lock.lock();
        try {
            return last;
        } finally {
            lock.unlock();
        }
    }

    /** The number of the oldest event that is kept; one more than {@link #last} when there is none. */
    public long first() {
        lock.lock();
        try {
            Event oldest = events.peekFirst();
            return oldest == null ? last + 1 : number(oldest);
        } finally {
            lock.unlock();
        }
    }

    /** The kept events after this number, waiting up to {@code wait} for one; empty when none came or the log closed. */
    public List<Event> after(long number, int max, Duration wait) throws InterruptedException {
        lock.lock();
        try {
            long left = wait.toNanos();
            while (last <= number && left > 0 && !closed) {
                left = grown.awaitNanos(left);
            }
            long skip = Math.max(0, number + 1 - first());
            return events.stream().skip(skip).limit(max).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Whether no event will come any more. */
    public boolean closed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** The number in an event's id. */
    static long number(Event event) {
        return Long.parseLong(event.id().substring(event.id().lastIndexOf('.') + 1));
    }

    private void keep(Event event) {
        events.addLast(event);
        if (events.size() > EVENTS_MAX) {
            events.removeFirst();
        }
    }

    private void write(Event event) {
        try {
            if (eventsInFile >= EVENTS_IN_FILE_MAX) {
                rewrite();
            }
            writeFully(channel, event);
            eventsInFile++;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Could not write event " + event.type() + " of vm " + event.vm() + " to " + file
                            + "; is its file system full?",
                    e);
        }
    }

    private void rewrite() throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        FileChannel next = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        for (Event event : events) {
            writeFully(next, event);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        channel.close();
        channel = next;
        eventsInFile = events.size();
    }

    private static void writeFully(FileChannel channel, Event event) throws IOException {
        ByteBuffer line = ByteBuffer.wrap((Json.line(event) + "\n").getBytes(StandardCharsets.UTF_8));
        while (line.hasRemaining()) {
            channel.write(line);
        }
    }

    /** Ends all waiting readers. */
    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            closed = true;
            grown.signalAll();
            channel.close();
        } finally {
            lock.unlock();
        }
    }
}
