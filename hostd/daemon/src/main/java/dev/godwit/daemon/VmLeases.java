package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.move.MoveInProgress;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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
    private final InstantSource clock;
    private final LongSupplier bootNanos;
    private final Map<String, Long> endsAtNanos = new ConcurrentHashMap<>();

    /** @param bootNanos CLOCK_BOOTTIME: a lease goes on while a machine is suspended */
    VmLeases(Vms vms, VmLifecycle lifecycle, InstantSource clock, LongSupplier bootNanos) {
        this.vms = vms;
        this.lifecycle = lifecycle;
        this.clock = clock;
        this.bootNanos = bootNanos;
    }

    /**
     * Counts a VM's lease from now on.
     *
     * @param leaseSeconds the new time to live; null: as before
     */
    void renew(HostedVm vm, @Nullable Integer leaseSeconds) throws IOException {
        if (leaseSeconds != null && leaseSeconds != vm.record().origin().leaseSeconds()) {
            vm.leaseFor(leaseSeconds);
        }
        int seconds = vm.record().origin().leaseSeconds();
        if (seconds == 0) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "VM " + vm.record().name() + " has no lease to renew; send leaseSeconds to give it one.");
        }
        endsAtNanos.put(
                vm.id(), bootNanos.getAsLong() + Duration.ofSeconds(seconds).toNanos());
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
        return endsAtNanos.computeIfAbsent(
                vm.id(),
                id -> bootNanos.getAsLong()
                        + Duration.ofSeconds(vm.record().origin().leaseSeconds())
                                .toNanos());
    }

    /** Ends the VMs whose leases ran out; called every second. A VM on the move is looked at again when it has arrived. */
    void sweep() {
        endsAtNanos.keySet().removeIf(id -> vms.owned(id).isEmpty());
        for (HostedVm vm : vms.owned()) {
            if (vm.record().origin().leaseSeconds() > 0 && bootNanos.getAsLong() - endNanos(vm) > 0) {
                endVm(vm);
            }
        }
    }

    private void endVm(HostedVm vm) {
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
        }
    }
}
