package dev.godwit.daemon;

import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.MoveState;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.LongStream;
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
    /** An event lies at its number modulo the length; nothing lies at the number of a line that could not be read. */
    private final @Nullable Event[] kept = new Event[EVENTS_MAX];

    private final List<Consumer<Event>> listeners = new CopyOnWriteArrayList<>();
    /** Kept, and not in the file yet: the disk refused them. */
    private final ArrayDeque<Event> unwritten = new ArrayDeque<>();
    /** No channel: an interrupt of a thread that tells something would close it for all. */
    private RandomAccessFile out;

    private int eventsInFile;
    private int rewriteAt = EVENTS_IN_FILE_MAX;
    /** The number of the oldest event that is kept; one more than {@link #last} when there is none. */
    private long first = 1;

    private long last;
    private boolean closed;

    private EventLog(Path file, String hostId, InstantSource clock, RandomAccessFile out) {
        this.file = file;
        this.hostId = hostId;
        this.clock = clock;
        this.out = out;
    }

    /** Opens the log, or begins one; a last line that a crash tore is dropped. */
    public static EventLog open(Path file, String hostId, InstantSource clock) throws IOException {
        RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw");
        try {
            EventLog log = new EventLog(file, hostId, clock, out);
            log.load();
            return log;
        } catch (IOException | RuntimeException e) {
            out.close();
            throw e;
        }
    }

    private void load() throws IOException {
        byte[] content = Files.readAllBytes(file);
        int start = 0;
        for (int i = 0; i < content.length; i++) {
            if (content[i] == '\n') {
                load(Arrays.copyOfRange(content, start, i), start);
                eventsInFile++;
                start = i + 1;
            }
        }
        if (start < content.length) {
            LOG.warn("The last {} bytes of {} are half an event; they are dropped", content.length - start, file);
            out.setLength(start);
        }
        out.seek(start);
    }

    /** A line that can't be read is passed over: nobody is helped by a hostd that does not start for an old event. */
    private void load(byte[] line, int at) {
        try {
            keep(Json.read(line, Event.class));
        } catch (RuntimeException e) {
            LOG.warn("{} has no event at byte {}; it is passed over: {}", file, at, e.getMessage());
        }
    }

    /** An event that is not part of a move. */
    public Event append(EventType type, String vm, @Nullable String detail) {
        return append(type, vm, null, null, null, detail);
    }

    /**
     * Appends an event and wakes the readers. A full disk is no reason to fail: the event is told, and written as soon as
     * the disk takes it.
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
            return first;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The kept events after this number, waiting up to {@code wait} for one; empty when none came or the log closed. Where the
     * first of them has not the next number, those between are no longer kept. The log is held for no longer than {@code max}
     * events take.
     */
    public List<Event> after(long number, int max, Duration wait) throws InterruptedException {
        lock.lock();
        try {
            long left = wait.toNanos();
            while (last <= number && left > 0 && !closed) {
                left = grown.awaitNanos(left);
            }
            List<Event> after = new ArrayList<>();
            for (long next = Math.max(first, number + 1); next <= last && after.size() < max; next++) {
                Event event = kept[slot(next)];
                if (event != null) {
                    after.add(event);
                }
            }
            return after;
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

    /** @throws IllegalArgumentException its number is not after the last one */
    private void keep(Event event) {
        long number = number(event);
        if (number <= last) {
            throw new IllegalArgumentException("event " + event.id() + " comes after " + last);
        }
        if (last < first) {
            first = number; // it is the oldest
        }
        for (long unread = Math.max(last + 1, number - EVENTS_MAX + 1); unread < number; unread++) {
            kept[slot(unread)] = null;
        }
        kept[slot(number)] = event;
        last = number;
        first = Math.max(first, last - EVENTS_MAX + 1);
        while (kept[slot(first)] == null) {
            first++;
        }
    }

    private static int slot(long number) {
        return (int) (number % EVENTS_MAX);
    }

    private List<Event> keptEvents() {
        return LongStream.rangeClosed(first, last)
                .mapToObj(number -> Optional.ofNullable(kept[slot(number)]))
                .flatMap(Optional::stream)
                .toList();
    }

    private void write(Event event) {
        boolean refusedBefore = !unwritten.isEmpty();
        unwritten.addLast(event);
        if (unwritten.size() > EVENTS_MAX) {
            unwritten.removeFirst();
        }
        try {
            rewriteWhereDue();
            while (!unwritten.isEmpty()) {
                writeLine(unwritten.getFirst());
                unwritten.removeFirst();
                eventsInFile++;
            }
        } catch (IOException e) {
            if (!refusedBefore) {
                LOG.error(
                        "Events are told and not written to {} until it takes them: {}; is its file system full?",
                        file,
                        e.getMessage());
            }
        }
    }

    /** Half a line would stand before the next one, and a start of hostd would find it in the middle. */
    private void writeLine(Event event) throws IOException {
        long start = out.getFilePointer();
        try {
            out.write(line(event));
        } catch (IOException e) {
            out.setLength(start);
            out.seek(start);
            throw e;
        }
    }

    private void rewriteWhereDue() {
        if (eventsInFile < rewriteAt) {
            return;
        }
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try {
            List<Event> all = keptEvents();
            RandomAccessFile next = rewritten(fresh, all);
            out.close();
            out = next;
            eventsInFile = all.size();
            while (unwritten.size() > 1) {
                unwritten.removeFirst(); // kept, so written with the others; the newest is not kept yet
            }
            rewriteAt = EVENTS_IN_FILE_MAX;
        } catch (IOException e) {
            rewriteAt = eventsInFile + EVENTS_MAX;
            LOG.warn("{} could not be written anew and grows on: {}", file, e.getMessage());
        }
    }

    private RandomAccessFile rewritten(Path fresh, List<Event> all) throws IOException {
        Files.deleteIfExists(fresh);
        RandomAccessFile next = new RandomAccessFile(fresh.toFile(), "rw");
        try {
            for (Event event : all) {
                next.write(line(event));
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return next;
        } catch (IOException | RuntimeException e) {
            next.close();
            Files.deleteIfExists(fresh);
            throw e;
        }
    }

    private static byte[] line(Event event) throws IOException {
        return (Json.line(event) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Ends all waiting readers. */
    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            closed = true;
            grown.signalAll();
            out.close();
        } finally {
            lock.unlock();
        }
    }
}
