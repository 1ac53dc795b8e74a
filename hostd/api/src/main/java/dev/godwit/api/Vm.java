package dev.godwit.api;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A VM as the fleet sees it. Of one whose host is gone or silent the ownership record tells, which knows how it was asked for.
 *
 * @param host the owner
 * @param fence grows at every change of the ownership record
 * @param image digest of its base image; what it was called in the request where its host is not asked
 * @param address IPv4 address on the VM network; null before it has one
 * @param mac null for a VM without network
 * @param accelerator null while the VM has no VMM
 * @param owner who asked for it; null when nobody said
 * @param key the owner's key for it; null when it was made without one
 * @param project whose network it is in
 * @param leaseSeconds time to live of its lease; null without a lease
 * @param leaseEndsAt when it is ended unless its lease is renewed; null without a lease, and while its host is not asked
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
        @Nullable AcceleratorKind accelerator,
        @Nullable String owner,
        @Nullable String key,
        Map<String, String> labels,
        String project,
        @Nullable Integer leaseSeconds,
        @Nullable Instant leaseEndsAt) {
    public Vm {
        labels = labels == null ? Map.of() : Map.copyOf(labels); // an older hostd sends none
        project = project == null ? Network.DEFAULT_PROJECT : project;
        Require.reference("VM id", id);
        Require.name("VM name", name);
        Require.notNegative("fence", fence);
    }
}
