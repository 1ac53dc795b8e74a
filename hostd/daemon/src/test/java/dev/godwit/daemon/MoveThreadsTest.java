package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class MoveThreadsTest {
    @Test
    void allAreInterruptedAndHaveEndedWhenItIsClosed() throws Exception {
        MoveThreads threads = new MoveThreads();
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch never = new CountDownLatch(1);
        AtomicBoolean[] ended = {new AtomicBoolean(), new AtomicBoolean()};
        for (AtomicBoolean end : ended) {
            threads.start("move", () -> {
                begun.countDown();
                try {
                    never.await();
                } catch (InterruptedException e) {
                    end.set(true);
                }
            });
        }
        assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
        threads.close();
        assertThat(ended).allMatch(AtomicBoolean::get);
    }

    @Test
    void nothingBeginsOnceHostdGoesDown() {
        MoveThreads threads = new MoveThreads();
        threads.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> threads.start("move-m-1", () -> {}))
                .withMessageContaining("move-m-1");
    }
}
