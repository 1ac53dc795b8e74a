package dev.godwit.daemon;

import dev.godwit.api.AcceleratorKind;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.vmm.Accelerator;
import org.jspecify.annotations.Nullable;

/** A VM of this host as the API shows it. */
final class ShownVm {
    private ShownVm() {}

    static Vm of(HostedVm hosted, String hostId, HostServices services) {
        VmRecord record = hosted.record();
        return new Vm(
                record.id(),
                record.name(),
                state(hosted, services),
                hostId,
                record.fence(),
                record.image(),
                record.vcpus(),
                record.memoryMib(),
                record.diskMib(),
                record.address().isEmpty() ? null : record.address(),
                record.mac().isEmpty() ? null : record.mac(),
                hosted.hasVmm() ? kind(record.accelerator()) : null,
                VmOrigin.orNull(record.origin().owner()),
                VmOrigin.orNull(record.origin().key()),
                record.origin().labels(),
                record.origin().project(),
                record.origin().leaseSeconds() == 0 ? null : record.origin().leaseSeconds(),
                services.leases().endOf(hosted).orElse(null));
    }

    /** As the API names it; null: no guest runs there. */
    static @Nullable AcceleratorKind kind(@Nullable Accelerator accelerator) {
        return accelerator == null ? null : AcceleratorKind.valueOf(accelerator.name());
    }

    private static VmState state(HostedVm hosted, HostServices services) {
        return switch (hosted.record().phase()) {
            case CREATING -> VmState.CREATING;
            case RUNNING ->
                services.moveHost()
                                .inProgress()
                                .moveOf(hosted.id())
                                .filter(Moves::isMove)
                                .isPresent()
                        ? VmState.MOVING
                        : VmState.RUNNING;
            case STOPPED -> VmState.STOPPED;
            case LOST -> VmState.LOST;
            case ARRIVING, GIVEN -> VmState.MOVING;
        };
    }
}
