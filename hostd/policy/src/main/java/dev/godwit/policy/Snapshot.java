package dev.godwit.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one host that is to be left, and of where its VMs could go.
 *
 * @param hostId the host that will go
 * @param deadline when it may be gone; null for a drain
 * @param guard kept free before the deadline, at least two seconds: a provider's clock and ours differ, and the last
 *     messages need time
 * @param vms all VMs on the host
 * @param candidates all other hosts known, also those that can't take anything
 */
public record Snapshot(
        String hostId, @Nullable Instant deadline, Duration guard, List<VmLoad> vms, List<Candidate> candidates) {
    /** The least that may be kept free before a deadline. */
    public static final Duration GUARD_MIN = Duration.ofSeconds(2);

    public Snapshot {
        vms = List.copyOf(vms);
        candidates = List.copyOf(candidates);
        if (guard.compareTo(GUARD_MIN) < 0) {
            throw new IllegalArgumentException("guard " + guard + " is shorter than " + GUARD_MIN);
        }
        Set<String> ids = new HashSet<>();
        for (VmLoad vm : vms) {
            if (!ids.add(vm.vmId())) {
                throw new IllegalArgumentException("vm " + vm.vmId() + " is in the snapshot twice");
            }
        }
        for (Candidate candidate : candidates) {
            if (candidate.hostId().equals(hostId)) {
                throw new IllegalArgumentException("host " + hostId + " can't be a candidate for its own VMs");
            }
        }
    }
}
