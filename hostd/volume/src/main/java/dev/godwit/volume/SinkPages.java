package dev.godwit.volume;

/**
 * What one sink still misses of one volume: pages that are dirty, and pages that were sent but not yet acknowledged. A
 * page leaves only by {@link #acknowledge}; a page written again after it was sent is dirty again whatever the
 * acknowledgement says.
 *
 * <p>Thread-safe.
 */
public final class SinkPages {
    private final String sink;
    private final PageSet dirty;
    private final PageSet sent;

    SinkPages(String sink, long pages) {
        this.sink = sink;
        this.dirty = new PageSet(pages);
        this.sent = new PageSet(pages);
    }

    /** The sink's name. */
    public String sink() {
        return sink;
    }

    /** Marks pages as missing at the sink. */
    public void mark(long first, long count) {
        dirty.add(first, count);
    }

    /** Marks pages as missing at the sink. */
    public void mark(PageSet pages) {
        dirty.addAll(pages);
    }

    /** Takes what is dirty now; it counts as sent until acknowledged. Copy the pages only after this call. */
    public PageSet take() {
        PageSet taken = dirty.drain();
        sent.addAll(taken);
        return taken;
    }

    /** The sink has applied these pages as they were last sent. */
    public void acknowledge(long first, long count) {
        sent.remove(first, count);
    }

    /** The connection was lost: all that was not acknowledged is dirty again. */
    public void lost() {
        dirty.addAll(sent.drain());
    }

    /** Pages that are dirty and not on their way. */
    public long dirtyCount() {
        return dirty.count();
    }

    /** Pages sent and not acknowledged. */
    public long unacknowledgedCount() {
        return sent.count();
    }
}
