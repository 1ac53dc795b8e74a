package dev.godwit.volume;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The dirty sets of one volume, one a sink. A scan destroys what it reads, so the one scanner of a volume ORs every scan
 * into the set of each sink here.
 *
 * <p>Thread-safe.
 */
public final class DirtySets {
    private final long pages;
    private final List<SinkPages> sinks = new CopyOnWriteArrayList<>();

    /** Dirty sets over pages {@code 0..pages-1}; no sink yet. */
    public DirtySets(long pages) {
        this.pages = pages;
    }

    /** Opens an empty set for a sink. The caller marks what a fresh sink misses: the volume's content. */
    public synchronized SinkPages open(String sink) {
        for (SinkPages open : sinks) {
            if (open.sink().equals(sink)) {
                throw new IllegalStateException("sink " + sink + " is open already");
            }
        }
        SinkPages set = new SinkPages(sink, pages);
        sinks.add(set);
        return set;
    }

    /** Closes a sink's set; later scans no longer reach it. */
    public void close(SinkPages set) {
        sinks.remove(set);
    }

    /** Marks pages in every sink's set. Call it after the write has landed, never before. */
    public void mark(long first, long count) {
        for (SinkPages sink : sinks) {
            sink.mark(first, count);
        }
    }

    /** Marks pages in every sink's set. */
    public void mark(PageSet written) {
        for (SinkPages sink : sinks) {
            sink.mark(written);
        }
    }
}
