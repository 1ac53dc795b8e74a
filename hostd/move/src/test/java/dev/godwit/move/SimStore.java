package dev.godwit.move;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One ownership record, with answers that get lost, writes that arrive late, and times when it is down. */
final class SimStore implements OwnershipPort {
    private static final long CALL_TIMEOUT_NANOS = 3_000_000_000L;

    private final SimWorld world;
    private Ownership record;
    private long downUntilNanos;
    private final List<Ownership> writes = new ArrayList<>();

    SimStore(SimWorld world, Ownership first) {
        this.world = world;
        this.record = first;
    }

    Ownership truth() {
        return record;
    }

    List<Ownership> writes() {
        return writes;
    }

    @Override
    public Optional<Ownership> read(String vmId) throws OwnershipUnreadable {
        world.step();
        if (isDown()) {
            throw new OwnershipUnreadable("down");
        }
        Optional<Ownership> seen = Optional.of(record);
        world.step();
        if (world.fault(world.faults().storeAnswerLost())) {
            world.scheduler.sleep(CALL_TIMEOUT_NANOS);
            throw new OwnershipUnreadable("no answer");
        }
        return seen;
    }

    @Override
    public Ownership compareAndSet(String vmId, Ownership expected, String newOwner)
            throws OwnershipChanged, OwnershipOutcomeUnknown, OwnershipUnreadable {
        world.step();
        if (isDown()) {
            throw new OwnershipUnreadable("down");
        }
        if (world.fault(world.faults().storeWriteLate())) {
            long delay = world.scheduler.random.nextLong(8_000_000_000L);
            world.later("late write", delay, () -> apply(expected, newOwner));
            world.scheduler.sleep(CALL_TIMEOUT_NANOS);
            throw new OwnershipOutcomeUnknown("no answer");
        }
        boolean applied = apply(expected, newOwner);
        Ownership after = record;
        world.step();
        if (world.fault(world.faults().storeAnswerLost())) {
            world.scheduler.sleep(CALL_TIMEOUT_NANOS);
            throw new OwnershipOutcomeUnknown("no answer");
        }
        if (!applied) {
            throw new OwnershipChanged(vmId, expected, Optional.of(after));
        }
        return after;
    }

    private boolean apply(Ownership expected, String newOwner) {
        if (!record.equals(expected)) {
            return false;
        }
        record = new Ownership(newOwner, expected.fence() + 1);
        writes.add(record);
        world.tellWatchers(record);
        return true;
    }

    private boolean isDown() {
        if (world.fault(world.faults().storeDown())) {
            downUntilNanos = world.scheduler.nowNanos() + world.scheduler.random.nextLong(20_000_000_000L);
        }
        return world.faultsOn() && world.scheduler.nowNanos() < downUntilNanos;
    }
}
