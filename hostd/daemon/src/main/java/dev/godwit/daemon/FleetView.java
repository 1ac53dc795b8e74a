package dev.godwit.daemon;

import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.move.PlannedMove;
import dev.godwit.policy.Action;
import dev.godwit.policy.Candidate;
import dev.godwit.policy.VmLoad;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SinkPages;
import dev.godwit.volume.SourceVolume;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the policy has to know, measured now: what this host's VMs weigh, and what other hosts can take. */
final class FleetView {
    private static final Logger log = LoggerFactory.getLogger(FleetView.class);
    /** Long enough for a rate that a plan can stand on, short beside any notice. */
    private static final Duration DIRTY_RATE_SAMPLE = Duration.ofMillis(100);

    private final Peers peers;
    private final Vms vms;
    private final String cpuTemplate;
    private final AtomicLong samples = new AtomicLong();

    FleetView(Peers peers, Vms vms, String cpuTemplate) {
        this.peers = peers;
        this.vms = vms;
        this.cpuTemplate = cpuTemplate;
    }

    Optional<HostRecord> host(String hostId) throws IOException {
        return peers.record(hostId);
    }

    /** The weight of each running VM; its dirty rate is measured, which takes a tenth of a second a volume. */
    List<VmLoad> loads(List<HostedVm> of) {
        List<VmLoad> loads = new ArrayList<>();
        for (HostedVm vm : of) {
            if (vm.record().phase() == VmRecord.Phase.RUNNING) {
                loads.add(load(vm));
            }
        }
        return loads;
    }

    /** One that can't be measured (its VMM is slow, or dead) counts as the worst: it must not keep others from moving. */
    private VmLoad load(HostedVm vm) {
        try {
            return measured(vm);
        } catch (IOException | RuntimeException e) {
            log.warn("vm {} can't be measured and is planned as if all its memory changed every second", vm.id(), e);
            return worst(vm);
        }
    }

    private static VmLoad worst(HostedVm vm) {
        long memoryBytes = memoryBytes(vm);
        return load(vm, memoryBytes, memoryBytes);
    }

    private VmLoad measured(HostedVm vm) throws IOException {
        return load(vm, Math.min(memoryBytes(vm), vm.residentBytes()), dirtyBytesPerSecond(vm));
    }

    private static VmLoad load(HostedVm vm, long residentBytes, double dirtyBytesPerSecond) {
        return new VmLoad(
                vm.id(),
                memoryBytes(vm),
                residentBytes,
                vm.overlayBytes(),
                dirtyBytesPerSecond,
                vm.record().vcpus());
    }

    private static long memoryBytes(HostedVm vm) {
        return (long) vm.record().memoryMib() << 20;
    }

    /** A sink of its own sees what is written while it is open; other sinks lose nothing by it. */
    private double dirtyBytesPerSecond(HostedVm vm) throws IOException {
        long pages = 0;
        double seconds = 0;
        for (SourceVolume volume : vm.volumes()) {
            SinkPages sample = volume.dirtySets().open("dirty-rate-" + samples.incrementAndGet());
            try {
                volume.scan();
                sample.take();
                long start = System.nanoTime();
                Thread.sleep(DIRTY_RATE_SAMPLE);
                volume.scan();
                PageSet written = sample.take();
                seconds = (System.nanoTime() - start) / 1e9;
                pages += written.count();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("the dirty rate of vm " + vm.id() + " was not measured to its end", e);
            } finally {
                volume.dirtySets().close(sample);
            }
        }
        return pages * Pages.PAGE_BYTES / Math.max(seconds, 1e-3);
    }

    /** All other hosts, those that can't take anything too; edges are none. */
    List<Candidate> candidates() throws IOException {
        List<Candidate> candidates = new ArrayList<>();
        for (HostRecord host : peers.others()) {
            if (!host.peerAddress().isEmpty() && host.role() == HostRole.HOST) {
                candidates.add(candidate(host));
            }
        }
        return candidates;
    }

    private Candidate candidate(HostRecord host) {
        try {
            Peers.Capacity capacity = peers.capacity(host);
            return new Candidate(
                    host.hostId(),
                    capacity.freeMemoryMib() << 20,
                    overheadBytes(),
                    capacity.freeDiskBytes(),
                    peers.bandwidth(host),
                    true,
                    !capacity.takesVms(),
                    capacity.cpuTemplates().contains(cpuTemplate));
        } catch (IOException e) {
            log.warn("host {} does not answer and is no candidate: {}", host.hostId(), e.getMessage());
            return new Candidate(host.hostId(), 0, 0, 0, 1, false, false, false);
        }
    }

    /** What the largest VM here takes beside its RAM; every hostd reckons it alike, so a target promises no more. */
    private long overheadBytes() {
        return vms.owned().stream()
                        .map(HostedVm::record)
                        .mapToLong(vm ->
                                Admission.overheadMib(vm.memoryMib(), vm.accelerator(), (long) vm.diskMib() << 20))
                        .max()
                        .orElse(0)
                << 20;
    }

    static PlannedMove planned(Action.Move move) {
        return new PlannedMove(PlannedMove.Mode.valueOf(move.mode().name()), move.predictedDuration());
    }
}
