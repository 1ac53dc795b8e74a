package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MoveClock;
import java.io.IOException;
import java.time.Duration;

/**
 * Takes VMs over whose hosts are gone. A host that is gone may be frozen: its VMs fall silent when its lease ends, so it is
 * watched for the whole of a lease first, and one that comes back keeps its VMs.
 */
final class VmClaims {
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);

    private final String hostId;
    private final FleetStore store;
    private final VmLifecycle lifecycle;
    private final MoveClock clock;
    private final Duration lease;

    /** @param lease the whole time to live of a host's lease */
    VmClaims(String hostId, FleetStore store, VmLifecycle lifecycle, MoveClock clock, Duration lease) {
        this.hostId = hostId;
        this.store = store;
        this.lifecycle = lifecycle;
        this.clock = clock;
        this.lease = lease;
    }

    /** Takes the VM over and boots it anew; takes as long as a lease. */
    HostedVm claim(OwnershipRecord lost) throws IOException {
        if (lost.owner().equals(hostId)) {
            throw new Conflict(ProblemCode.CONFLICT, "VM " + lost.name() + " is this host's already.");
        }
        awaitSilence(lost);
        return lifecycle.claim(lost);
    }

    private void awaitSilence(OwnershipRecord lost) throws IOException {
        long from = clock.nanos();
        try {
            requireGone(lost);
            while (clock.nanos() - from < lease.toNanos()) {
                clock.sleep(LOOK_EVERY);
                requireGone(lost);
            }
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "The fleet store can't be asked whether host " + lost.owner() + " lives: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("hostd stops while VM " + lost.name() + " was taken over", e);
        }
    }

    private void requireGone(OwnershipRecord lost) throws FleetStoreException {
        if (store.hosts().stream().anyMatch(host -> host.hostId().equals(lost.owner()))) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "VM " + lost.name() + " belongs to host " + lost.owner()
                            + ", which is alive; only a VM whose host is gone can be taken over. 'godwit vm move' brings"
                            + " it here.");
        }
    }
}
