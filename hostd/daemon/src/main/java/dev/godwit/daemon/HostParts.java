package dev.godwit.daemon;

import dev.godwit.vmm.VmmDriver;

/** What the VMs of one host share. */
record HostParts(
        HostPaths paths,
        VmRecords records,
        VmmDriver driver,
        Admission admission,
        EventLog events,
        VmNetwork network) {}
