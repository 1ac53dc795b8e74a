package dev.godwit.volume;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A fixed-size set of page numbers, one bit a page.
 *
 * <p>Thread-safe: every word changes atomically, so writers may mark while a reader drains; an iteration sees each page
 * at some moment of the call.
 */
public final class PageSet {
    private final long pages;
    private final AtomicLongArray words;

    /** An empty set over pages {@code 0..pages-1}. */
    public PageSet(long pages) {
        if (pages <= 0 || pages > (1L << 36)) {
            throw new IllegalArgumentException("page count " + pages + " is not between 1 and 2^36");
        }
        this.pages = pages;
        this.words = new AtomicLongArray((int) ((pages + 63) >>> 6));
    }

    /** The number of pages the set ranges over. */
    public long pages() {
        return pages;
    }

    /** Adds {@code count} pages from {@code first} on. */
    public void add(long first, long count) {
        forEachWord(first, count, (word, mask) -> words.getAndUpdate(word, old -> old | mask));
    }

    /** Removes {@code count} pages from {@code first} on. */
    public void remove(long first, long count) {
        forEachWord(first, count, (word, mask) -> words.getAndUpdate(word, old -> old & ~mask));
    }

    /** Adds every page of {@code other}, a set of the same size. */
    public void addAll(PageSet other) {
        sameSize(other);
        for (int i = 0; i < words.length(); i++) {
            long bits = other.words.get(i);
            if (bits != 0) {
                words.getAndUpdate(i, old -> old | bits);
            }
        }
    }

    /** Adds every page. */
    public void addEverything() {
        add(0, pages);
    }

    /** Whether {@code page} is in the set. */
    public boolean contains(long page) {
        check(page, 1);
        return (words.get((int) (page >>> 6)) & (1L << page)) != 0;
    }

    /** Moves all pages out of this set into a new one; what is added meanwhile is in exactly one of them. */
    public PageSet drain() {
        PageSet taken = new PageSet(pages);
        for (int i = 0; i < words.length(); i++) {
            if (words.get(i) != 0) {
                taken.words.set(i, words.getAndSet(i, 0));
            }
        }
        return taken;
    }

    /** A copy as of now. */
    public PageSet copy() {
        PageSet copy = new PageSet(pages);
        copy.addAll(this);
        return copy;
    }

    /** How many pages are in the set. */
    public long count() {
        long sum = 0;
        for (int i = 0; i < words.length(); i++) {
            sum += Long.bitCount(words.get(i));
        }
        return sum;
    }

    /** Whether no page is in the set. */
    public boolean isEmpty() {
        for (int i = 0; i < words.length(); i++) {
            if (words.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** The first page of the set at or after {@code from}, or -1. */
    public long next(long from) {
        if (from >= pages) {
            return -1;
        }
        int word = (int) (from >>> 6);
        long bits = words.get(word) & (-1L << from);
        while (bits == 0) {
            if (++word == words.length()) {
                return -1;
            }
            bits = words.get(word);
        }
        return ((long) word << 6) + Long.numberOfTrailingZeros(bits);
    }

    /** How many pages follow each other in the set from {@code first} on, at most {@code limit}. */
    public int run(long first, int limit) {
        int length = 0;
        while (length < limit && first + length < pages && contains(first + length)) {
            length++;
        }
        return length;
    }

    /** What to do with some bits of one word. */
    interface WordChange {
        void apply(int word, long mask);
    }

    int wordCount() {
        return words.length();
    }

    /** Takes the bits of {@code mask} out of a word. */
    long drainWord(int word, long mask) {
        if ((words.get(word) & mask) == 0) {
            return 0;
        }
        return words.getAndUpdate(word, old -> old & ~mask) & mask;
    }

    void addWord(int word, long bits) {
        words.getAndUpdate(word, old -> old | bits);
    }

    void forEachWord(long first, long count, WordChange change) {
        check(first, count);
        long end = first + count;
        for (long page = first; page < end; ) {
            int word = (int) (page >>> 6);
            long wordEnd = Math.min(end, ((long) word + 1) << 6);
            int bits = (int) (wordEnd - page);
            long mask = bits == 64 ? -1L : ((1L << bits) - 1) << page;
            change.apply(word, mask);
            page = wordEnd;
        }
    }

    private void check(long first, long count) {
        if (first < 0 || count < 0 || count > pages - first) {
            throw new IndexOutOfBoundsException(
                    "pages " + first + "+" + count + " are outside a volume of " + pages + " pages");
        }
    }

    private void sameSize(PageSet other) {
        if (other.pages != pages) {
            throw new IllegalArgumentException("a set of " + other.pages + " pages does not fit one of " + pages);
        }
    }
}
