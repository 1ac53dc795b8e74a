package dev.godwit.daemon;

import dev.godwit.api.Flow;
import dev.godwit.api.FlowKind;
import dev.godwit.api.TrafficDirection;
import dev.godwit.net.DropReason;
import dev.godwit.net.FlowEvent;
import dev.godwit.net.VmAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** The newest flow events of each VM of this host, as the data plane tells them. Thread-safe. */
final class FlowLog {
    private final String hostId;
    private final InstantSource clock;
    private final LongSupplier bootNanos;
    private final Map<VmAddress, FlowRing> byAddress = new ConcurrentHashMap<>();
    private final Map<String, FlowRing> byVm = new ConcurrentHashMap<>();

    /** @param bootNanos CLOCK_BOOTTIME, which the data plane's times are of */
    FlowLog(String hostId, InstantSource clock, LongSupplier bootNanos) {
        this.hostId = hostId;
        this.clock = clock;
        this.bootNanos = bootNanos;
    }

    /** The VM is here from now on; again is no harm. */
    void add(String vmId, List<VmAddress> addresses) {
        FlowRing ring = byVm.computeIfAbsent(vmId, any -> new FlowRing());
        addresses.forEach(address -> byAddress.put(address, ring));
    }

    /** The VM is not here any more: who follows it is told. */
    void remove(String vmId) {
        FlowRing ring = byVm.remove(vmId);
        if (ring != null) {
            byAddress.values().removeIf(ring::equals);
            ring.end();
        }
    }

    /** What happens to a VM's flows, the kept ones first; empty for one that is not here. */
    Optional<FlowReader> reader(String vmId) {
        return Optional.ofNullable(byVm.get(vmId)).map(FlowRing::reader);
    }

    /** Takes an event; one of no VM of this host is let go. */
    void accept(FlowEvent event) {
        FlowRing ring = byAddress.get(event.key().vm());
        if (ring != null) {
            ring.add(flow(event));
        }
    }

    private Flow flow(FlowEvent event) {
        Duration ago = Duration.ofNanos(bootNanos.getAsLong()).minus(event.sinceBoot());
        return new Flow(
                clock.instant().minus(ago),
                hostId,
                FlowKind.valueOf(event.kind().name()),
                TrafficDirection.valueOf(event.direction().name()),
                protocol(event.key().protocol()),
                event.key().vm().address().getHostAddress(),
                event.key().vmPort(),
                event.key().remote().getHostAddress(),
                event.key().remotePort(),
                event.dropped().map(DropReason::label).orElse(null),
                event.lengthBytes());
    }

    private static String protocol(int number) {
        return switch (number) {
            case 1 -> "icmp";
            case 6 -> "tcp";
            case 17 -> "udp";
            case 47 -> "gre";
            case 50 -> "esp";
            case 58 -> "icmpv6";
            case 132 -> "sctp";
            default -> Integer.toString(number);
        };
    }
}
