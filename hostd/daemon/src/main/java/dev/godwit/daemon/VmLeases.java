package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.move.MoveInProgress;
import dev.godwit.move.MovesInProgress;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leases of VMs: a VM whose caller no longer renews it is ended, even if the caller never returns. A lease counts whole
 * again from the start of hostd and from the arrival of a moved VM, since nobody could renew it on the way. Thread-safe.
 */
final class VmLeases {
    private static final Logger log = LoggerFactory.getLogger(VmLeases.class);

    private final Vms vms;
    private final VmLifecycle lifecycle;
    private final MovesInProgress inProgress;
    private final InstantSource clock;
    private final LongSupplier bootNanos;
    private final Executor ends;
    private final Object guard = new Object();
    /** By VM, not by id: a key's next VM, or one that comes back from another host, has a lease of its own. */
    private final Map<HostedVm, Long> endsAtNanos = new HashMap<>();
    /** Those whose leases ran out and that are being ended: their leases can't be renewed any more. */
    private final Set<HostedVm> ending = new HashSet<>();

    /**
     * @param bootNanos CLOCK_BOOTTIME: a lease goes on while a machine is suspended
     * @param ends where VMs are ended, which takes seconds each; bounded by whoever made it
     */
    VmLeases(
            Vms vms,
            VmLifecycle lifecycle,
            MovesInProgress inProgress,
            InstantSource clock,
            LongSupplier bootNanos,
            Executor ends) {
        this.vms = vms;
        this.lifecycle = lifecycle;
        this.inProgress = inProgress;
        this.clock = clock;
        this.bootNanos = bootNanos;
        this.ends = ends;
    }

    /**
     * Counts a VM's lease from now on.
     *
     * @param leaseSeconds the new time to live; null: as before
     * @throws Conflict it has none, or has run out; or a new time is asked for while the VM is on the move: its target was
     *     told the old one
     */
    void renew(HostedVm vm, @Nullable Integer leaseSeconds) throws IOException {
        if (leaseSeconds != null && leaseSeconds != vm.record().origin().leaseSeconds()) {
            leaseFor(vm, leaseSeconds);
        }
        if (vm.record().origin().leaseSeconds() == 0) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "VM " + vm.record().name() + " has no lease to renew; send leaseSeconds to give it one.");
        }
        if (!countAnew(vm)) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "The lease of VM " + vm.record().name()
                            + " has run out, and it is being ended; ask for another VM.");
        }
    }

    /**
     * A caller asked for the VM by its key: its lease counts from now on, if it has one or is given one.
     *
     * @param leaseSeconds as in the request; null: as before
     * @return false where the lease ran out before and the VM is being ended
     */
    boolean attached(HostedVm vm, @Nullable Integer leaseSeconds) throws IOException {
        if (leaseSeconds != null && leaseSeconds != vm.record().origin().leaseSeconds()) {
            leaseFor(vm, leaseSeconds);
        }
        return vm.record().origin().leaseSeconds() == 0 || countAnew(vm);
    }

    /** No move begins meanwhile: it takes the time to live along when it begins. */
    private void leaseFor(HostedVm vm, int leaseSeconds) throws IOException {
        String change = "lease-" + UUID.randomUUID();
        try {
            inProgress.begin(vm.id(), change);
        } catch (MoveInProgress busy) {
            throw new Conflict(
                    ProblemCode.MOVE_RUNNING,
                    "VM " + vm.record().name() + " gets no lease of " + leaseSeconds + " s now: "
                            + (Moves.isMove(busy.runningMoveId())
                                    ? "it is on the move. Ask again after it; a renewal without leaseSeconds counts now."
                                    : "it is being stopped or removed."));
        }
        try {
            vm.leaseFor(leaseSeconds);
        } finally {
            inProgress.end(vm.id(), change);
        }
    }

    /** Whether it counts from now on; not that of a VM that is being ended. */
    private boolean countAnew(HostedVm vm) {
        synchronized (guard) {
            if (ending.contains(vm)) {
                return false;
            }
            endsAtNanos.put(vm, endFromNow(vm));
            return true;
        }
    }

    private long endFromNow(HostedVm vm) {
        return bootNanos.getAsLong()
                + Duration.ofSeconds(vm.record().origin().leaseSeconds()).toNanos();
    }

    /** When a VM's lease ends; empty without a lease. */
    Optional<Instant> endOf(HostedVm vm) {
        if (vm.record().origin().leaseSeconds() == 0) {
            return Optional.empty();
        }
        return Optional.of(clock.instant().plusNanos(endNanos(vm) - bootNanos.getAsLong()));
    }

    /** By the boot clock; a lease that nobody has renewed here yet begins now. */
    private long endNanos(HostedVm vm) {
        synchronized (guard) {
            return endsAtNanos.computeIfAbsent(vm, this::endFromNow);
        }
    }

    /** Begins to end the VMs whose leases ran out; called every second. */
    void sweep() {
        synchronized (guard) {
            endsAtNanos.keySet().removeIf(vm -> vms.owned(vm.id()).orElse(null) != vm);
        }
        for (HostedVm vm : vms.owned()) {
            if (vm.record().origin().leaseSeconds() > 0 && beginEnding(vm)) {
                try {
                    ends.execute(() -> end(vm));
                } catch (RejectedExecutionException hostdStops) {
                    ended(vm);
                }
            }
        }
    }

    private boolean beginEnding(HostedVm vm) {
        synchronized (guard) {
            return bootNanos.getAsLong() - endNanos(vm) > 0 && ending.add(vm);
        }
    }

    private void ended(HostedVm vm) {
        synchronized (guard) {
            ending.remove(vm);
        }
    }

    /** A VM on the move is looked at again at the next sweep, and when it has arrived by its new owner. */
    private void end(HostedVm vm) {
        VmOrigin origin = vm.record().origin();
        log.warn("vm {}: its lease of {} s was not renewed", vm.id(), origin.leaseSeconds());
        try {
            lifecycle.delete(
                    vm,
                    "VM " + vm.record().name() + " was ended: its lease of " + origin.leaseSeconds()
                            + " s was not renewed"
                            + (origin.owner().isEmpty() ? "" : " by " + origin.owner()));
        } catch (MoveInProgress moving) {
            log.info("vm {}: {}; its lease is looked at after it", vm.id(), moving.getMessage());
        } catch (IOException | RuntimeException e) {
            log.error("vm {} could not be ended after its lease: {}", vm.id(), e.getMessage(), e);
        } finally {
            ended(vm);
        }
    }
}
