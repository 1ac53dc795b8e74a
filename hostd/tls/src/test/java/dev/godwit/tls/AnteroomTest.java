package dev.godwit.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AnteroomTest {
    private final AtomicLong nanos = new AtomicLong();
    private final List<String> closed = new ArrayList<>();
    private final Anteroom room = new Anteroom(4, 2, Duration.ofSeconds(5), nanos::get);

    private Anteroom.Visit enter(String name, int source) throws UnknownHostException {
        return room.enter(InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) source}), () -> closed.add(name));
    }

    @Test
    void aNewOneAlwaysComesInAndTheOldestOfItsSourceGoes() throws Exception {
        Anteroom.Visit first = enter("a1", 1);
        enter("b1", 2);
        enter("a2", 1);
        assertThat(closed).isEmpty();
        Anteroom.Visit third = enter("a3", 1);
        assertThat(closed).containsExactly("a1");
        assertThat(first.leave()).isFalse();
        assertThat(third.leave()).isTrue();
        assertThat(room.count()).isEqualTo(2);
        assertThat(room.displaced()).isEqualTo(1);
    }

    @Test
    void inAFullRoomTheSourceWithTheMostGivesWay() throws Exception {
        enter("b1", 2);
        enter("a1", 1);
        enter("a2", 1);
        enter("c1", 3);
        enter("d1", 4);
        assertThat(closed).containsExactly("a1");
        assertThat(room.count()).isEqualTo(4);
    }

    @Test
    void whoHasLeftIsClosedByNobody() throws Exception {
        Anteroom.Visit good = enter("good", 1);
        assertThat(good.leave()).isTrue();
        for (int i = 0; i < 1000; i++) {
            enter("x" + i, 1);
        }
        nanos.addAndGet(Duration.ofMinutes(1).toNanos());
        room.sweep();
        assertThat(closed).hasSize(1000).doesNotContain("good");
        assertThat(room.count()).isZero();
        assertThat(good.leave()).isFalse();
    }

    @Test
    void whoTakesTooLongGoes() throws Exception {
        enter("slow", 1);
        nanos.addAndGet(Duration.ofSeconds(4).toNanos());
        enter("later", 2);
        room.sweep();
        assertThat(closed).isEmpty();
        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        room.sweep();
        assertThat(closed).containsExactly("slow");
        assertThat(room.late()).isEqualTo(1);
    }

    @Test
    void boundsThatBoundNothingAreRefused() {
        assertThatThrownBy(() -> new Anteroom(1, 2, Duration.ofSeconds(1)))
                .hasMessageContaining("places 1, per source 2");
    }
}
