package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.fleet.FleetStoreUnavailable;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SpeakingLeaseTest {
    private final List<String> calls = new ArrayList<>();
    private final AtomicLong now = new AtomicLong(100);
    private OptionalLong until = OptionalLong.empty();
    private boolean storeAnswers = true;
    private final SpeakingLease lease = new SpeakingLease(
            () -> until,
            nanos -> calls.add("until " + nanos),
            () -> {
                if (!storeAnswers) {
                    throw new FleetStoreUnavailable("etcd is down", null);
                }
                calls.add("read");
            },
            now::get);

    @Test
    void eachRenewalIsWrittenOnceAndTheFirstAfterAllRecordsWereRead() {
        lease.look();
        assertThat(calls).isEmpty();
        until = OptionalLong.of(200);
        lease.look();
        lease.look();
        until = OptionalLong.of(300);
        lease.look();
        assertThat(calls).containsExactly("read", "until 200", "until 300");
    }

    @Test
    void aLeaseThatHadEndedIsTakenUpOnlyAfterTheRecordsWereRead() {
        until = OptionalLong.of(200);
        lease.look();
        now.set(250);
        lease.look();
        assertThat(calls).containsExactly("read", "until 200");
        until = OptionalLong.of(400);
        storeAnswers = false;
        lease.look();
        assertThat(calls).as("while the records can't be read").hasSize(2);
        storeAnswers = true;
        lease.look();
        assertThat(calls).containsExactly("read", "until 200", "read", "until 400");
    }

    @Test
    void aLeaseThatIsOverBeforeItIsWrittenIsNotWritten() {
        until = OptionalLong.of(99);
        lease.look();
        assertThat(calls).isEmpty();
    }

    @Test
    void theOnlyHostSpeaksForEver() {
        until = OptionalLong.of(Long.MAX_VALUE);
        lease.look();
        now.set(Long.MAX_VALUE - 1);
        lease.look();
        assertThat(calls).containsExactly("read", "until " + Long.MAX_VALUE);
    }
}
