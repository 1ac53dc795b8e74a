package dev.godwit.move;

import java.util.Optional;

/**
 * Brings a compare-and-set to a known end. A time-out is not an answer: an unknown outcome is read again, and only where
 * the record still is the expected one is the write issued again. That is no blind retry: both writes carry the same
 * expected fence, so the store applies at most one of them, and until one is applied a late first one could still be.
 */
final class OwnershipDecision {
    private final MoveHost host;
    private final OwnershipPort ownership;
    private final Reservation reservation;

    OwnershipDecision(MoveHost host, OwnershipPort ownership, Reservation reservation) {
        this.host = host;
        this.ownership = ownership;
        this.reservation = reservation;
    }

    /**
     * Tries until the record is known not to be the reservation's expected one any more.
     *
     * @param newOwner whom to write
     * @param inDoubt called when the store gave no answer, each time
     * @return the record that stands; empty if the VM's record is gone
     */
    Optional<Ownership> writeUntilKnown(String newOwner, Runnable inDoubt) throws InterruptedException {
        Ownership expected = reservation.expected();
        Backoff backoff = new Backoff(host);
        while (true) {
            try {
                return Optional.of(ownership.compareAndSet(reservation.vmId(), expected, newOwner));
            } catch (OwnershipChanged changed) {
                return changed.actual();
            } catch (OwnershipOutcomeUnknown unknown) {
                inDoubt.run();
                Optional<Ownership> actual = readUntilKnown(inDoubt);
                if (!actual.equals(Optional.of(expected))) {
                    return actual;
                }
            } catch (OwnershipUnreadable unreachable) {
                inDoubt.run();
            }
            backoff.pause();
        }
    }

    /** Reads until the store answers. */
    Optional<Ownership> readUntilKnown(Runnable inDoubt) throws InterruptedException {
        Backoff backoff = new Backoff(host);
        while (true) {
            try {
                return ownership.read(reservation.vmId());
            } catch (OwnershipUnreadable unreachable) {
                inDoubt.run();
                backoff.pause();
            }
        }
    }
}
