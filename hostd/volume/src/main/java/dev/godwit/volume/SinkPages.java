package dev.godwit.volume;

/**
 * What one sink still misses of one volume: pages that are dirty, and pages that were sent but not yet acknowledged. A
 * page leaves only by {@link #acknowledge}; a page written again after it was sent is dirty again whatever the
 * acknowledgement says.
 *
 * <p>A page may be on its way more than once (taken again before the first acknowledgement): it then waits for as many
 * acknowledgements. At most three are kept apart; a page that is on its way three times stays dirty until one of them
 * is acknowledged, so {@link #take} may leave pages behind and {@link #dirtyCount} tells.
 *
 * <p>Thread-safe. After {@link #lost}, a set taken before is void, and acknowledgements of the lost connection must not
 * be passed on.
 */
public final class SinkPages {
    private final String sink;
    private final PageSet dirty;
    /** How often each page is on its way, as two planes of bits. */
    private final long[] ones;

    private final long[] twos;

    SinkPages(String sink, long pages) {
        this.sink = sink;
        this.dirty = new PageSet(pages);
        this.ones = new long[dirty.wordCount()];
        this.twos = new long[dirty.wordCount()];
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
    public synchronized PageSet take() {
        PageSet taken = new PageSet(dirty.pages());
        for (int i = 0; i < ones.length; i++) {
            long room = ~(ones[i] & twos[i]);
            long bits = dirty.drainWord(i, room);
            if (bits != 0) {
                taken.addWord(i, bits);
                twos[i] ^= ones[i] & bits;
                ones[i] ^= bits;
            }
        }
        return taken;
    }

    /** The sink has applied these pages as they were sent once. */
    public synchronized void acknowledge(long first, long count) {
        dirty.forEachWord(first, count, (word, mask) -> {
            long sent = (ones[word] | twos[word]) & mask;
            twos[word] ^= ~ones[word] & sent;
            ones[word] ^= sent;
        });
    }

    /** The connection was lost: all that was not acknowledged is dirty again. */
    public synchronized void lost() {
        for (int i = 0; i < ones.length; i++) {
            long sent = ones[i] | twos[i];
            if (sent != 0) {
                dirty.addWord(i, sent);
                ones[i] = 0;
                twos[i] = 0;
            }
        }
    }

    /** Pages that are dirty, on their way or not. */
    public synchronized long dirtyCount() {
        return dirty.count();
    }

    /** Pages sent and not acknowledged. */
    public synchronized long unacknowledgedCount() {
        long sum = 0;
        for (int i = 0; i < ones.length; i++) {
            sum += Long.bitCount(ones[i] | twos[i]);
        }
        return sum;
    }
}
