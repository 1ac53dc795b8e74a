package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.Move;
import dev.godwit.api.MoveState;
import dev.godwit.api.Vm;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The host that a VM leaves dies when the ways already lead to the target and the VM is not there yet: nobody has all of it.
 * The target lets go of its part, and the address is free for the VM that is made anew. Needs root, VXLAN and BPF.
 */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class LostSourceTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final long STREAMING_BYTES = 4 << 20;

    @Test
    void aSourceThatDiesBetweenSwitchAndCommitLeavesAnAddressThatCanBeClaimed() throws Exception {
        try (TwoHosts hosts = TwoHosts.behindRouters()) {
            Guest mover = hosts.vm();
            Guest still = hosts.vm(hosts.onB);
            String address = hosts.address(mover);
            assertThat(hosts.reaches(still, address)).isTrue();
            hosts.startPages(mover);

            long before = hosts.a.peerBytesSent();
            String moveId = hosts.onA.move(mover.vm(), "host-b");
            Patience.waitFor(
                    "the stream to run",
                    LIMIT,
                    () -> hosts.a.peerBytesSent() > before + STREAMING_BYTES ? Optional.of(true) : Optional.empty());
            // The target can't load the device state: the move waits with the ways flipped.
            hosts.stopVmm(hosts.b, mover);
            Patience.waitFor("the ways to be switched", LIMIT, () -> switched(hosts, moveId));
            hosts.a.destroy();

            Move lost = TwoHosts.ended(hosts.onB, moveId);
            assertThat(lost.states())
                    .as(lost.toString())
                    .noneMatch(step -> step.state() == MoveState.COMMIT || step.state() == MoveState.DONE);
            Vm claimed = Patience.waitFor("the lease of host-a to end", LIMIT, () -> {
                try {
                    return Optional.of(hosts.onB.claimVm(mover.vm()));
                } catch (IOException held) {
                    return Optional.empty(); // its lease has not ended, or the target still clears up
                }
            });
            assertThat(claimed.host()).isEqualTo("host-b");
            assertThat(claimed.address()).isEqualTo(address);
            new Guest(hosts.onB, mover.vm()).awaitRunning();
            assertThat(hosts.reaches(new Guest(hosts.onB, still.vm()), address))
                    .as("the VM that was made anew")
                    .isTrue();
        }
    }

    private static Optional<Boolean> switched(TwoHosts hosts, String moveId) {
        try {
            return hosts.onA.moveRecord(moveId).states().stream().anyMatch(step -> step.state() == MoveState.SWITCH)
                    ? Optional.of(true)
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
