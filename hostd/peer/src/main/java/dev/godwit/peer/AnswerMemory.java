package dev.godwit.peer;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** Answers by call id, so that a repeated call gets the same answer and acts once. Thread-safe. */
final class AnswerMemory {
    /** Answers kept: beyond it the oldest given one is forgotten early. */
    private static final int ANSWERS_MAX = 4096;
    /** Bytes kept, same rule: answers are small JSON, an image list may be larger. */
    private static final long BYTES_MAX = 32L << 20;

    private record Key(String host, UUID id) {}

    private static final class Entry {
        final CompletableFuture<Answer> answer = new CompletableFuture<>();
        long givenAtNanos;
        int bytes = -1;
    }

    private final Map<Key, Entry> entries = new LinkedHashMap<>();
    private final long keptNanos;
    private long bytes;

    AnswerMemory(Duration keptFor) {
        keptNanos = keptFor.toNanos();
    }

    /** The answer of that call; {@code begin} runs only for a call that is not known, and leads to {@link #give}. */
    CompletableFuture<Answer> answer(String host, UUID id, Runnable begin) {
        Entry entry;
        synchronized (this) {
            forget();
            Key key = new Key(host, id);
            Entry known = entries.get(key);
            if (known != null) {
                return known.answer;
            }
            entry = new Entry();
            entries.put(key, entry);
        }
        begin.run();
        return entry.answer;
    }

    void give(String host, UUID id, Answer answer) {
        Entry entry;
        synchronized (this) {
            entry = entries.get(new Key(host, id));
            if (entry == null) {
                throw new IllegalStateException("call " + id + " of " + host + " was forgotten before its answer");
            }
            entry.givenAtNanos = System.nanoTime();
            entry.bytes = answer.payload().length;
            bytes += entry.bytes;
        }
        entry.answer.complete(answer);
    }

    private void forget() {
        long now = System.nanoTime();
        Iterator<Entry> oldestFirst = entries.values().iterator();
        while (oldestFirst.hasNext()) {
            Entry entry = oldestFirst.next();
            boolean given = entry.bytes >= 0;
            boolean over = entries.size() > ANSWERS_MAX || bytes > BYTES_MAX;
            if (given && (over || now - entry.givenAtNanos > keptNanos)) {
                bytes -= entry.bytes;
                oldestFirst.remove();
            } else if (given && !over) {
                return;
            }
        }
    }
}
