package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * A VM as the fleet sees it.
 *
 * @param host the owner
 * @param fence grows at every change of the ownership record
 * @param image digest of its base image
 * @param address IPv4 address on the VM network; null before it has one
 * @param mac null for a VM without network
 * @param accelerator null while the VM has no VMM
 */
public record Vm(
        String id,
        String name,
        VmState state,
        String host,
        long fence,
        String image,
        int vcpus,
        int memoryMib,
        int diskMib,
        @Nullable String address,
        @Nullable String mac,
        @Nullable AcceleratorKind accelerator) {
    public Vm {
        Require.reference("VM id", id);
        Require.name("VM name", name);
        Require.notNegative("fence", fence);
    }
}
