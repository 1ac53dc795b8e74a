package dev.godwit.daemon;

import dev.godwit.vmm.VmmDriver;
import org.jspecify.annotations.Nullable;

/**
 * What the VMs of one host share.
 *
 * @param network null: VMs have no network
 */
record HostParts(
        HostPaths paths,
        VmRecords records,
        VmmDriver driver,
        Admission admission,
        EventLog events,
        @Nullable VmNetworkConfig network) {}
