package dev.godwit.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * @param turnedDown where a VM was not taken a moment ago: by VM, then by host, why
 */
public record Snapshot(
        String hostId,
        @Nullable Instant deadline,
        Duration guard,
        List<VmLoad> vms,
        List<Candidate> candidates,
        Map<String, Map<String, String>> turnedDown) {
    /** The least that may be kept free before a deadline. */
    public static final Duration GUARD_MIN = Duration.ofSeconds(2);

    public Snapshot {
        vms = List.copyOf(vms);
        candidates = List.copyOf(candidates);
        turnedDown = Map.copyOf(turnedDown);
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

    /** The same question for a host that nobody turned down. */
    public Snapshot(
            String hostId, @Nullable Instant deadline, Duration guard, List<VmLoad> vms, List<Candidate> candidates) {
        this(hostId, deadline, guard, vms, candidates, Map.of());
    }

    /** Why the VM can't go to this candidate now, as a part of a sentence; empty where it can. */
    Optional<String> obstacle(VmLoad vm, Candidate candidate) {
        String refusal = turnedDown.getOrDefault(vm.vmId(), Map.of()).get(candidate.hostId());
        return refusal == null ? candidate.obstacle(vm) : Optional.of("it did not take it a moment ago: " + refusal);
    }
}
