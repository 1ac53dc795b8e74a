package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PageTableTest {
    /** 4 GiB of RAM. */
    private static final long PAGES = 1L << 20;

    @Test
    void whatALargeVolumesTableHoldsIsNotOnTheHeap() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().threadId();
        try (PageTable warm = new PageTable(PAGES)) {
            warm.put(0, 1, 2);
        }
        long before = threads.getThreadAllocatedBytes(thread);
        try (PageTable table = new PageTable(PAGES)) {
            for (long page = 0; page < PAGES; page++) {
                table.put(page, page, 7);
            }
            long heapBytes = threads.getThreadAllocatedBytes(thread) - before;
            assertThat(heapBytes).isLessThan(1 << 20);
            assertThat(Replication.tableBytes(PAGES * 4096)).isEqualTo(16 << 20);
            assertThat(table.holds(PAGES - 1, PAGES - 1, 7)).isTrue();
        }
    }

    @Test
    void theSameHashesInAnyOrderHaveTheSameDigestAlsoAfterTheMemoryIsGivenBack() {
        Random random = new Random(1);
        PageTable one = new PageTable(5000);
        PageTable other = new PageTable(5000);
        for (int i = 0; i < 10_000; i++) {
            one.put(random.nextInt(5000), random.nextLong(), random.nextLong());
        }
        for (int page = 4999; page >= 0; page--) {
            one.put(page, page + 1, page * 3L);
            if (page % 3 == 0) {
                one.putZero(page);
                other.putZero(page);
            } else {
                other.put(page, page + 1, page * 3L);
            }
        }
        assertThat(one.digest()).isEqualTo(other.digest());
        assertThat(one.holdsZero(3)).isTrue();
        PageTable.Digest before = one.digest();
        one.close();
        one.close();
        other.close();
        assertThat(one.digest()).isEqualTo(before);
        assertThatThrownBy(() -> one.putZero(1)).isInstanceOf(IllegalStateException.class);
    }
}
