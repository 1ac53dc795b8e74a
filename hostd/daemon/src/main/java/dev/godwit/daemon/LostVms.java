package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.EventType;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnershipRecord;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs whose hosts are gone. Every host watches the others; a VM is lost when its host was not known for a whole lease and did
 * not say that it is away, and the first that writes so into the fleet store tells the event. A host that comes back before its VMs were removed or taken over
 * has them again. {@link #look} is called by one thread, the rest is thread-safe.
 */
final class LostVms {
    private static final Logger log = LoggerFactory.getLogger(LostVms.class);

    /** Documents of this kind say that a VM is lost, by its id. */
    static final String KIND = "lost-vms";

    /** What is asked of the store every time is the hosts alone; the rest as often as this, and when they change. */
    private static final Duration LOOK_AT_ALL = Duration.ofSeconds(10);

    /** Who was away for longer than that has to be joined anew. */
    private static final Duration REMOVED_KEPT = Duration.ofDays(30);

    private final String hostId;
    private final FleetStore store;
    private final EventLog events;
    private final Removal removal;
    private final TakenVms taken;
    private final HostsAway away;
    private final InstantSource clock;
    private final LongSupplier bootNanos;
    private final Duration lease;
    private boolean toldThatItIsBack;
    private Set<String> livingBefore = Set.of();
    private long lookedAtAllNanos;
    private final Map<String, Long> absentSince = new HashMap<>();
    private final Map<OwnershipRecord, Long> lostSince = new HashMap<>();
    /** Ids of VMs of which this host may have been the first to write that they are lost. */
    private final Set<String> unsure = new HashSet<>();

    /** Removes a record whose owner is gone, and what this host may have kept of its VM. */
    interface Removal {
        void writeOff(OwnershipRecord record, EventType told, String why) throws IOException;
    }

    /** @param lease the whole time to live of a host's lease */
    LostVms(
            String hostId,
            FleetStore store,
            EventLog events,
            Removal removal,
            TakenVms taken,
            HostsAway away,
            InstantSource clock,
            LongSupplier bootNanos,
            Duration lease) {
        this.hostId = hostId;
        this.store = store;
        this.events = events;
        this.removal = removal;
        this.taken = taken;
        this.away = away;
        this.clock = clock;
        this.bootNanos = bootNanos;
        this.lease = lease;
        this.lookedAtAllNanos = bootNanos.getAsLong() - LOOK_AT_ALL.toNanos();
    }

    /**
     * That a VM is lost.
     *
     * @param host its owner, which is gone
     * @param fence of the record that names that owner
     * @param by who wrote this first
     * @param removed its record is removed too, and what is left of it on its host is to be ended
     */
    record Loss(String host, long fence, String by, Instant at, boolean removed) {
        static Loss read(FleetDocument document) {
            return Json.read(document.json(), Loss.class);
        }

        boolean isOf(OwnershipRecord record) {
            return host.equals(record.owner()) && fence == record.fence();
        }
    }

    /** Whether the VM of this record is lost. */
    boolean isLost(OwnershipRecord record) throws FleetStoreException {
        return store.documents()
                .read(KIND, record.vmId())
                .map(Loss::read)
                .filter(loss -> loss.isOf(record))
                .isPresent();
    }

    /** A VM by its record alone: lost, or of a host that does not say how it stands. */
    Vm shown(OwnershipRecord record) throws FleetStoreException {
        boolean alive = living().contains(record.owner());
        return RecordedVm.of(record, !alive && isLost(record) ? VmState.LOST : VmState.UNKNOWN);
    }

    /** All VMs by their records alone. */
    List<Vm> shown() throws FleetStoreException {
        Set<String> living = living();
        Map<String, FleetDocument> losses = losses();
        return store.list().stream()
                .map(record -> {
                    FleetDocument loss = living.contains(record.owner()) ? null : losses.get(record.vmId());
                    boolean lost = loss != null && Loss.read(loss).isOf(record);
                    return RecordedVm.of(record, lost ? VmState.LOST : VmState.UNKNOWN);
                })
                .toList();
    }

    private Set<String> living() throws FleetStoreException {
        Set<String> living = store.hosts().stream().map(HostRecord::hostId).collect(Collectors.toSet());
        living.add(hostId);
        return living;
    }

    private Map<String, FleetDocument> losses() throws FleetStoreException {
        return store.documents().list(KIND).stream().collect(Collectors.toMap(FleetDocument::name, loss -> loss));
    }

    /**
     * Removes a lost VM for good, so that its name, address and key are free. What its host still has of it is ended there
     * when that host comes back.
     *
     * @param why the sentence of its last event
     * @throws Conflict its host is back, or another has taken it over
     */
    void remove(OwnershipRecord record, EventType told, String why) throws IOException {
        try {
            Optional<FleetDocument> before = store.documents().read(KIND, record.vmId());
            Loss removed = new Loss(record.owner(), record.fence(), hostId, clock.instant(), true);
            store.documents()
                    .put(
                            KIND,
                            record.vmId(),
                            before.map(FleetDocument::revision).orElse(FleetDocuments.ABSENT),
                            Json.line(removed));
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "VM " + record.name() + " is not removed: the fleet store did not take it (" + e.getMessage()
                            + "); ask again.",
                    e);
        }
        removal.writeOff(record, told, why);
    }

    /** Called every 2 s. What fails is looked at again; a store that was away says nothing of who was absent meanwhile. */
    void look() {
        try {
            lookNow();
        } catch (FleetStoreException | RuntimeException e) {
            absentSince.clear();
            log.warn("which hosts are gone is looked at again: {}", e.getMessage());
        }
    }

    private void lookNow() throws FleetStoreException {
        if (!toldThatItIsBack) {
            away.isBack();
            toldThatItIsBack = true;
        }
        long now = bootNanos.getAsLong();
        Set<String> living = living();
        boolean watching = absentSince.values().stream().anyMatch(since -> lookedAtAllNanos - since < lease.toNanos());
        if (living.equals(livingBefore) && !watching && now - lookedAtAllNanos < LOOK_AT_ALL.toNanos()) {
            return;
        }
        List<OwnershipRecord> records = store.list();
        Map<String, FleetDocument> losses = losses();
        Set<String> absent = records.stream()
                .map(OwnershipRecord::owner)
                .filter(owner -> !living.contains(owner))
                .collect(Collectors.toSet());
        if (!absent.isEmpty()) {
            absent.removeAll(away.now());
        }
        absentSince.keySet().retainAll(absent);
        absent.forEach(host -> absentSince.putIfAbsent(host, now));
        livingBefore = living;
        lookedAtAllNanos = now;
        Set<OwnershipRecord> lost = new HashSet<>();
        for (OwnershipRecord record : records) {
            Long since = absentSince.get(record.owner());
            if (since != null && now - since >= lease.toNanos()) {
                declare(record, losses.get(record.vmId()));
                lost.add(record);
            }
        }
        Map<String, OwnershipRecord> byId =
                records.stream().collect(Collectors.toMap(OwnershipRecord::vmId, record -> record));
        for (FleetDocument loss : losses.values()) {
            settle(loss, byId.get(loss.name()));
        }
        lostSince.keySet().retainAll(lost);
        for (OwnershipRecord record : lost) {
            lostSince.putIfAbsent(record, now);
            endAfterItsLease(record, now);
        }
    }

    private void declare(OwnershipRecord record, @Nullable FleetDocument known) throws FleetStoreException {
        if (known != null && Loss.read(known).isOf(record)) {
            if (unsure.remove(record.vmId()) && Loss.read(known).by().equals(hostId)) {
                tellLost(record);
            }
            return;
        }
        try {
            store.documents()
                    .put(
                            KIND,
                            record.vmId(),
                            known == null ? FleetDocuments.ABSENT : known.revision(),
                            Json.line(new Loss(record.owner(), record.fence(), hostId, clock.instant(), false)));
            tellLost(record);
        } catch (DocumentConflict toldByAnother) {
            log.debug("vm {}: another host has told that it is lost", record.vmId());
        } catch (OutcomeUnknown e) {
            unsure.add(record.vmId());
            throw e;
        }
    }

    private void tellLost(OwnershipRecord record) {
        events.append(
                EventType.LOST,
                record.vmId(),
                "VM " + record.name() + " is lost: host " + record.owner() + " is gone. 'godwit vm rm " + record.name()
                        + "' frees its name and key, 'godwit vm claim " + record.name() + "' boots it anew");
    }

    /** Each loss is settled by whoever knows: that the VM is here again, or that nobody needs to know any more. */
    private void settle(FleetDocument document, @Nullable OwnershipRecord record) throws FleetStoreException {
        Loss loss = Loss.read(document);
        if (loss.removed() && loss.host().equals(hostId)) {
            taken.removed(document.name(), loss.fence());
        }
        if (record == null) {
            Duration kept = loss.removed() ? REMOVED_KEPT : Duration.ZERO;
            if (Duration.between(loss.at(), clock.instant()).compareTo(kept) > 0) {
                forget(document);
            }
        } else if (record.owner().equals(hostId)
                && (loss.isOf(record) || !loss.removed())
                && forget(document)
                && loss.isOf(record)) {
            events.append(
                    EventType.RUNNING,
                    record.vmId(),
                    "VM " + record.name() + " is not lost: its host " + hostId + " is back, and has it");
        }
    }

    private boolean forget(FleetDocument document) throws FleetStoreException {
        try {
            store.documents().delete(KIND, document.name(), document.revision());
            return true;
        } catch (DocumentConflict changed) {
            return false;
        }
    }

    /** Its caller can't renew the lease of a lost VM; the whole of it counts from when this host knew of the loss. */
    private void endAfterItsLease(OwnershipRecord record, long now) {
        int seconds = RecordedVm.request(record)
                .map(CreateVm::leaseSeconds)
                .map(Integer::intValue)
                .orElse(0);
        if (seconds == 0
                || now - lostSince.getOrDefault(record, now)
                        < Duration.ofSeconds(seconds).toNanos()) {
            return;
        }
        try {
            remove(
                    record,
                    EventType.RELEASED,
                    "VM " + record.name() + " was ended: it was lost with host " + record.owner()
                            + ", and its lease of " + seconds + " s is over");
        } catch (IOException | ControlException e) {
            log.info("vm {}: {}", record.vmId(), e.getMessage());
        }
    }
}
