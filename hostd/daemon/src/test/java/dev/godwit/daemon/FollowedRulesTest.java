package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.net.Policy;
import dev.godwit.net.Prefix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class FollowedRulesTest {
    private final Object seat = new Object();
    private final VmRules.Rules first = rules("10.0.0.0/8");
    private final VmRules.Rules second = rules("10.1.0.0/16");
    private final VmRules.Rules third = rules("10.2.0.0/16");
    private final List<VmRules.Rules> applied = new ArrayList<>();
    private final FollowedRules followed = new FollowedRules(seat, first);

    private static VmRules.Rules rules(String guarded) {
        return new VmRules.Rules(Policy.standard(List.of(Prefix.parse(guarded))), Optional.empty(), Optional.empty());
    }

    @Test
    void theSeatIsFreeWhileTheRulesAreFoundOut() throws Exception {
        followed.follow(
                () -> {
                    assertThat(Thread.holdsLock(seat)).isFalse();
                    return second;
                },
                now -> {
                    assertThat(Thread.holdsLock(seat)).isTrue();
                    applied.add(now);
                });
        assertThat(applied).containsExactly(second);
        followed.follow(() -> second, applied::add);
        assertThat(applied).as("nothing has changed").containsExactly(second);
    }

    @Test
    void rulesThatCouldNotBeAppliedAreAppliedNextTime() throws Exception {
        AtomicReference<String> failed = new AtomicReference<>("");
        try {
            followed.follow(() -> second, now -> {
                throw new IOException("no memory for the map");
            });
        } catch (IOException e) {
            failed.set(String.valueOf(e.getMessage()));
        }
        assertThat(failed).hasValue("no memory for the map");
        followed.follow(() -> second, applied::add);
        assertThat(applied).containsExactly(second);
    }

    @Test
    void whatWasFoundOutEarlierDoesNotComeLast() throws Exception {
        AtomicReference<Thread> other = new AtomicReference<>();
        followed.follow(
                () -> {
                    other.set(Thread.ofPlatform().start(() -> follow(third)));
                    while (other.get().getState() != Thread.State.BLOCKED
                            && other.get().getState() != Thread.State.TERMINATED) {
                        Thread.onSpinWait();
                    }
                    return second;
                },
                applied::add);
        other.get().join();
        assertThat(applied).containsExactly(second, third);
    }

    private void follow(VmRules.Rules now) {
        try {
            followed.follow(() -> now, applied::add);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
