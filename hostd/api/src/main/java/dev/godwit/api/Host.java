package dev.godwit.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A machine that runs hostd.
 *
 * @param accelerator null when the host can run no guest
 * @param reason why it is unfit, or why it only emulates; empty when all is well
 * @param tracking how dirty pages are found ({@code pagemap-scan}, {@code soft-dirty}); {@code none}: stop-and-copy only
 * @param vms ids of the VMs it owns
 * @param drain the plan of a drain that runs or ran; null when there is none
 * @param capacity what it has in all and may run; null when it did not say
 * @param restAddress where its REST answers other hosts; null when it has none
 */
public record Host(
        String id,
        HostRole role,
        HostState state,
        @Nullable AcceleratorKind accelerator,
        String reason,
        String tracking,
        long freeMemoryMib,
        long freeDiskMib,
        Versions versions,
        List<String> vms,
        @Nullable DrainPlan drain,
        @Nullable HostCapacity capacity,
        @Nullable String restAddress) {
    public Host {
        Require.name("host id", id);
        vms = List.copyOf(vms);
    }
}
