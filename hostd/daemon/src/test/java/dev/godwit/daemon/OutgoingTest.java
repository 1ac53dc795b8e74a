package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OutgoingTest {
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    private final AtomicLong now = new AtomicLong();

    @Test
    void aLargeUploadIsStillOnlyWhileNoByteOfItMoves() {
        Outgoing upload = Outgoing.stream(() -> new ByteArrayInputStream(new byte[1_000_000]), now::get);
        List<Long> still = new ArrayList<>();
        upload.publisher().subscribe(new Flow.Subscriber<ByteBuffer>() {
            private Flow.@Nullable Subscription subscription;

            @Override
            public void onSubscribe(Flow.Subscription ours) {
                subscription = ours;
                now.addAndGet(MINUTE);
                ours.request(1);
            }

            @Override
            public void onNext(ByteBuffer piece) {
                still.add(upload.stillNanos());
                now.addAndGet(MINUTE);
                Objects.requireNonNull(subscription).request(1);
            }

            @Override
            public void onError(Throwable broken) {
                throw new AssertionError(broken);
            }

            @Override
            public void onComplete() {
                still.add(upload.stillNanos());
            }
        });
        assertThat(now.get()).isGreaterThan(10 * MINUTE);
        assertThat(still).hasSizeGreaterThan(10).containsOnly(0L);
        now.addAndGet(2 * MINUTE);
        assertThat(upload.stillNanos()).isEqualTo(2 * MINUTE);
    }
}
