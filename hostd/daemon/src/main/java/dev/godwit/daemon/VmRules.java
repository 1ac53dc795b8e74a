package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRate;
import dev.godwit.net.Policy;
import dev.godwit.net.Prefix;
import dev.godwit.net.RateLimit;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the VMs of a project may do at this host: its network's settings, and what this host guards. Thread-safe. */
final class VmRules {
    private static final Logger log = LoggerFactory.getLogger(VmRules.class);

    private final Function<String, Network> networks;
    private final Supplier<List<Prefix>> guarded;

    /**
     * @param networks by project; throws a {@link ControlException} for one that can't be known now
     * @param guarded what no VM may reach unless its network says so
     */
    VmRules(Function<String, Network> networks, Supplier<List<Prefix>> guarded) {
        this.networks = networks;
        this.guarded = guarded;
    }

    /** Before the fleet is known: every project's network is as it is at first. */
    static VmRules of(List<Prefix> guarded) {
        return new VmRules(project -> NetworkDocument.DEFAULT, () -> guarded);
    }

    /**
     * What holds now.
     *
     * @param rate how fast each VM may be sent to
     * @param sendRate how fast each VM may send
     */
    record Rules(Policy policy, Optional<RateLimit> rate, Optional<RateLimit> sendRate) {}

    /** VMs of a project whose network can't be known now (the store is away at the first start) send nothing until it is. */
    Rules of(String project) {
        NetworkSettings settings = NetworkSettings.STANDARD;
        Policy policy = NetworkPolicy.UNKNOWN;
        try {
            settings = networks.apply(project).settings();
            policy = NetworkPolicy.of(settings, guarded.get());
        } catch (ControlException e) {
            log.error(
                    "the network of project {} is not known here yet, its VMs open no connection until it is: {}",
                    project,
                    e.getMessage());
        }
        Optional<TrafficRate> rate = Optional.ofNullable(settings.rate());
        return new Rules(
                policy,
                rate.map(TrafficRate::inBitsPerSecond).map(VmRules::limit),
                rate.map(TrafficRate::outBitsPerSecond).map(VmRules::limit));
    }

    /** No VM reaches what the kernel can't count. */
    private static RateLimit limit(long bitsPerSecond) {
        return new RateLimit(Math.min(bitsPerSecond, RateLimit.BITS_PER_SECOND_MAX));
    }
}
