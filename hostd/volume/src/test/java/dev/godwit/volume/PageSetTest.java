package dev.godwit.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PageSetTest {
    private static final long SEED = 0x9a6e5e7L;

    @Test
    void itHoldsExactlyWhatWasAddedAndNotRemoved() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int round = 0; round < 200; round++) {
            int pages = 1 + random.nextInt(400);
            PageSet set = new PageSet(pages);
            BitSet model = new BitSet(pages);
            for (int step = 0; step < 50; step++) {
                int first = random.nextInt(pages);
                int count = random.nextInt(pages - first + 1);
                if (random.nextInt(3) > 0) {
                    set.add(first, count);
                    model.set(first, first + count);
                } else {
                    set.remove(first, count);
                    model.clear(first, first + count);
                }
                assertSame(set, model, "seed " + SEED + " round " + round + " step " + step);
            }
        }
    }

    private static void assertSame(PageSet set, BitSet model, String where) {
        assertThat(set.count()).as(where).isEqualTo(model.cardinality());
        assertThat(set.isEmpty()).as(where).isEqualTo(model.isEmpty());
        for (int page = 0; page < set.pages(); page++) {
            assertThat(set.contains(page)).as(where).isEqualTo(model.get(page));
            assertThat(set.next(page)).as(where).isEqualTo(model.nextSetBit(page));
            assertThat(set.run(page, 100)).as(where).isEqualTo(Math.min(100, runOf(model, page)));
        }
    }

    private static int runOf(BitSet model, int page) {
        return model.nextClearBit(page) - page;
    }

    @Test
    void drainingLeavesNothingAndGivesEverything() {
        PageSet set = new PageSet(1000);
        set.addEverything();
        PageSet taken = set.drain();

        assertThat(set.isEmpty()).isTrue();
        assertThat(taken.count()).isEqualTo(1000);
        assertThat(taken.copy().count()).isEqualTo(1000);
    }

    @Test
    void pagesOutsideTheVolumeAreRefusedWithTheRange() {
        PageSet set = new PageSet(10);

        assertThatThrownBy(() -> set.add(9, 2))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("pages 9+2 are outside a volume of 10 pages");
        assertThatThrownBy(() -> set.add(-1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> set.add(Long.MAX_VALUE, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> set.addAll(new PageSet(11))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PageSet(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Pages.pageCount(5000)).hasMessageContaining("5000");
    }
}
