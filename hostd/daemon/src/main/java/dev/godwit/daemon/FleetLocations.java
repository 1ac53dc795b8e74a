package dev.godwit.daemon;

import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.OwnershipChange;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Watch;
import dev.godwit.net.Addresses;
import dev.godwit.net.Location;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the data plane's locations as the fleet store says, and in a move as the owner says. The record decides: a word
 * counts under the record's own fence or a later one, and no longer than a minute. Thread-safe.
 */
final class FleetLocations implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FleetLocations.class);
    /** A move that turned a VM's address commits or turns it back in seconds; then the record says all. */
    static final Duration WORD_COUNTS = Duration.ofMinutes(1);
    /** A VM's addresses are told of before a new host's record is here at worst; then they are looked at again. */
    private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

    private final String hostId;
    private final FleetStore store;
    private final LocationTable table;
    private final VmAddresses addresses;
    private final LongSupplier nanos;
    private final Consumer<OwnershipRecord> written;
    private final Runnable hostsChanged;
    private final WayOut wayOut;
    private final Thread thread;
    private final Semaphore wake = new Semaphore(0);
    /** By host id; one that is not alive keeps its place, because records may still name it. */
    private final Map<String, InetAddress> underlays = new HashMap<>();

    private final Map<String, OwnershipRecord> records = new HashMap<>();
    private final Map<String, Word> words = new HashMap<>();
    private Set<String> alive = Set.of();

    /** By id, as last seen. */
    private final Map<String, HostRecord> hosts = new HashMap<>();

    private boolean hostsUntold;
    /** Whether only a list of all records can say what holds. */
    private boolean listWanted = true;
    /** One list at a time; taken before the lock of this object. */
    private final Object listing = new Object();

    private boolean isListing;
    /** VMs of which something was told one by one while the records were listed: the list may be older. */
    private final Set<String> told = new HashSet<>();

    private @Nullable Watch watch;

    private record Word(LocationWord said, long untilNanos) {}

    /**
     * @param nanos CLOCK_BOOTTIME or alike
     * @param written hears of every record that is new here, after the data plane has it
     * @param hostsChanged hears that a host has come, gone or changed its addresses
     */
    FleetLocations(
            String hostId,
            FleetStore store,
            LocationTable table,
            VmAddresses addresses,
            LongSupplier nanos,
            Consumer<OwnershipRecord> written,
            Runnable hostsChanged) {
        this.hostId = hostId;
        this.store = store;
        this.table = table;
        this.addresses = addresses;
        this.nanos = nanos;
        this.written = written;
        this.hostsChanged = hostsChanged;
        this.wayOut = new WayOut(table);
        this.thread = Thread.ofVirtual().name("fleet-locations").unstarted(this::follow);
    }

    /** Takes in what the store says now, if it answers; what stands in the data plane counts meanwhile. */
    void begin() {
        lookOr("");
    }

    /** Follows the store from now on, or as soon as it answers. */
    void start() {
        thread.start();
    }

    private void follow() {
        try {
            String last = "";
            while (true) {
                last = lookOr(last);
                wake.drainPermits();
                boolean unused = wake.tryAcquire(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * One look. It fails for its time only, whatever the reason.
     *
     * @param last trouble that was logged already
     * @return the trouble; empty for none
     */
    private String lookOr(String last) {
        try {
            look();
            return "";
        } catch (FleetStoreException | RuntimeException e) {
            String trouble = String.valueOf(e.getMessage());
            if (e instanceof RuntimeException) {
                log.error("the locations of VMs stay as they are for now: {}", trouble, e);
            } else if (!last.equals(trouble)) {
                log.warn("the locations of VMs stay as they are for now: {}", trouble);
            }
            return trouble;
        }
    }

    /** Reads who has the edges' seat, then the hosts, and all records when a list of them is wanted. */
    private void look() throws FleetStoreException {
        // The seat before the hosts: who they are does not say which edge is the way out.
        seat(store.documents().read(DocumentSeat.KIND, DocumentSeat.NAME));
        if (hosts(store.hosts())) {
            wantList();
        }
        if (watch == null) {
            watch = store.watch(this::changed);
        }
        if (isListWanted()) {
            readAll();
        }
    }

    private synchronized boolean isListWanted() {
        return listWanted;
    }

    private synchronized void wantList() {
        listWanted = true;
        wake.release();
    }

    /** Reads every record now; when it returns, the data plane knows all that was written before the call. */
    void readAll() throws FleetStoreException {
        synchronized (listing) {
            listing(true);
            try {
                records(store.list());
            } catch (FleetStoreException | RuntimeException e) {
                synchronized (this) {
                    listWanted = true;
                }
                throw e;
            } finally {
                listing(false);
            }
        }
    }

    private synchronized void listing(boolean begins) {
        listWanted &= !begins;
        isListing = begins;
        told.clear();
    }

    /** @return whether a word no longer counts */
    boolean hosts(List<HostRecord> all) {
        boolean grewOld = taken(all);
        tellOfHosts();
        return grewOld;
    }

    private synchronized boolean taken(List<HostRecord> all) {
        boolean changed = false;
        Set<String> now = new HashSet<>();
        for (HostRecord host : all) {
            changed |= !host.equals(hosts.put(host.hostId(), host));
            Optional<InetAddress> underlay = underlay(host);
            if (underlay.isPresent()) {
                underlays.put(host.hostId(), underlay.get());
                now.add(host.hostId());
            }
        }
        changed |= !now.equals(alive);
        alive = now;
        if (changed) {
            hostsUntold = true;
            wayOut.find(hosts.values(), alive, underlays);
            tellPeers();
            records.keySet().forEach(this::apply);
        }
        return words.values().removeIf(word -> nanos.getAsLong() - word.untilNanos() >= 0);
    }

    /** Without the lock: who hears it locks VMs' seats, and asks here for the hosts. */
    private void tellOfHosts() {
        synchronized (this) {
            if (!hostsUntold) {
                return;
            }
            hostsUntold = false;
        }
        try {
            hostsChanged.run();
        } catch (RuntimeException e) {
            log.error("what follows from the fleet's hosts is tried again: {}", e.getMessage(), e);
            synchronized (this) {
                hostsUntold = true;
            }
        }
    }

    private static Optional<InetAddress> underlay(HostRecord host) {
        try {
            return host.underlayAddress().isEmpty()
                    ? Optional.empty()
                    : Optional.of(Addresses.literal(host.underlayAddress()));
        } catch (IllegalArgumentException e) {
            log.warn("host {} has no usable underlay address: {}", host.hostId(), e.getMessage());
            return Optional.empty();
        }
    }

    /** A list is the whole truth, but for what was told one by one meanwhile. */
    private synchronized void records(List<OwnershipRecord> all) {
        Map<String, OwnershipRecord> listed = new HashMap<>();
        all.forEach(record -> listed.put(record.vmId(), record));
        for (OwnershipRecord known : List.copyOf(records.values())) {
            OwnershipRecord record = listed.get(known.vmId());
            if (!told.contains(known.vmId()) && (record == null || isAnotherVm(known, record))) {
                forget(known);
            }
        }
        Map<String, OwnershipRecord> now = new HashMap<>(records);
        for (OwnershipRecord record : all) {
            OwnershipRecord known = records.get(record.vmId());
            if (!told.contains(record.vmId()) || known != null && record.fence() > known.fence()) {
                now.put(record.vmId(), record);
            }
        }
        clear(now.values());
        now.values().forEach(this::take);
        tellPeers();
    }

    /** A key names a VM that is removed and made again: then the fence begins anew. Addresses are for life. */
    private static boolean isAnotherVm(OwnershipRecord known, OwnershipRecord record) {
        return record.fence() < known.fence()
                || !record.address().equals(known.address())
                || record.vni() != known.vni();
    }

    /** Takes away what no VM has any more, and what stands for one that had the address before, under its higher fence. */
    private void clear(Collection<OwnershipRecord> all) {
        Map<VmAddress, Long> fences = new HashMap<>();
        all.forEach(record -> of(record).forEach(address -> fences.merge(address, record.fence(), Math::max)));
        try {
            for (Map.Entry<VmAddress, Long> standing : table.fences().entrySet()) {
                if (standing.getValue() > fences.getOrDefault(standing.getKey(), -1L)) {
                    table.remove(standing.getKey(), Long.MAX_VALUE);
                }
            }
        } catch (IOException e) {
            log.warn("locations that no VM has any more can't be removed now: {}", e.getMessage());
        }
    }

    private synchronized void changed(OwnershipChange change) {
        OwnershipRecord record = change.record();
        if (isListing) {
            told.add(record.vmId());
        }
        OwnershipRecord known = records.get(record.vmId());
        if (change.removed()) {
            forget(record);
        } else if (known != null && record.fence() < known.fence()) {
            wantList(); // late news of this VM, or another one under its id: a list tells
        } else {
            if (known != null && isAnotherVm(known, record)) {
                forget(known);
            }
            take(record);
        }
    }

    private void take(OwnershipRecord record) {
        OwnershipRecord known = records.put(record.vmId(), record);
        wayOut.serve(record.vni());
        apply(record.vmId());
        if (!record.equals(known)) {
            written.accept(record);
        }
    }

    private void forget(OwnershipRecord gone) {
        OwnershipRecord known = records.remove(gone.vmId());
        words.remove(gone.vmId());
        // What is told may be older than what is known.
        long fence = known == null ? gone.fence() : Math.max(known.fence(), gone.fence());
        Set<VmAddress> addressesGone = new HashSet<>(of(gone));
        Optional.ofNullable(known).ifPresent(record -> addressesGone.addAll(of(record)));
        for (VmAddress address : addressesGone) {
            try {
                table.remove(address, fence);
            } catch (IOException e) {
                log.warn("the location of {} can't be removed: {}", address, e.getMessage());
            }
        }
        // They may be another VM's already, whose lower fence did not count while the old one stood.
        records.values().stream()
                .filter(other -> of(other).stream().anyMatch(addressesGone::contains))
                .map(OwnershipRecord::vmId)
                .toList()
                .forEach(this::apply);
    }

    /**
     * Takes a word, if its speaker owns the VM.
     *
     * @throws IOException the speaker does not own the VM under this fence, or nobody can say whether it does
     */
    void say(LocationWord word) throws IOException {
        if (!isOwners(word)) {
            try {
                store.read(word.vmId()).ifPresent(record -> changed(new OwnershipChange(record, false)));
            } catch (FleetStoreException e) {
                throw new IOException(
                        "nobody can say whether host " + word.speaker() + " owns vm " + word.vmId() + ": "
                                + e.getMessage(),
                        e);
            }
            if (!isOwners(word)) {
                throw new IOException("host " + word.speaker() + " does not own vm " + word.vmId() + " under fence "
                        + word.fence() + ": its word on where the vm is does not count");
            }
        }
        keep(word);
    }

    private synchronized boolean isOwners(LocationWord word) {
        OwnershipRecord record = records.get(word.vmId());
        return record != null && record.owner().equals(word.speaker()) && record.fence() == word.fence();
    }

    private synchronized void keep(LocationWord word) {
        Word known = words.get(word.vmId());
        if (known != null
                && (known.said().fence() > word.fence()
                        || known.said().fence() == word.fence() && known.said().turn() >= word.turn())) {
            return;
        }
        words.put(word.vmId(), new Word(word, nanos.getAsLong() + WORD_COUNTS.toNanos()));
        apply(word.vmId());
    }

    /** The underlay address of a host, alive or not; empty for one that never had any. */
    synchronized Optional<InetAddress> underlay(String hostId) {
        return Optional.ofNullable(underlays.get(hostId));
    }

    /** The living hosts but this one, as they were a moment ago: the fleet store need not answer. */
    synchronized List<HostRecord> others() {
        return hosts.values().stream()
                .filter(host -> alive.contains(host.hostId()) && !host.hostId().equals(hostId))
                .toList();
    }

    /** A host of the routed network as it was last seen, alive or not. */
    synchronized Optional<HostRecord> host(String id) {
        return Optional.ofNullable(hosts.get(id));
    }

    /** Every host that was seen since hostd was started. */
    synchronized List<HostRecord> hostsSeen() {
        return List.copyOf(hosts.values());
    }

    /** The record that counts here. */
    synchronized Optional<OwnershipRecord> record(String vmId) {
        return Optional.ofNullable(records.get(vmId));
    }

    private void apply(String vmId) {
        OwnershipRecord record = records.get(vmId);
        if (record == null) {
            return;
        }
        Optional<LocationWord> word = wordThatCounts(record);
        String host = word.map(LocationWord::host).orElse(record.owner());
        InetAddress underlay = underlays.get(host);
        if (underlay == null) {
            log.info("vm {} is behind host {}, whose underlay address is not known yet", vmId, host);
            return;
        }
        Optional<InetAddress> previous =
                word.flatMap(said -> underlay(said.previous())).filter(one -> !one.equals(underlay));
        for (VmAddress address : of(record)) {
            try {
                if (!table.put(new Location(address, underlay, record.fence(), previous))) {
                    wantList(); // of a VM that had the address before, and whose end is not known here
                }
            } catch (IOException e) {
                log.warn("the location of {} stays as it was: {}", address, e.getMessage());
            }
        }
    }

    private Optional<LocationWord> wordThatCounts(OwnershipRecord record) {
        Word word = words.get(record.vmId());
        return word != null && word.said().fence() >= record.fence() && nanos.getAsLong() - word.untilNanos() < 0
                ? Optional.of(word.said())
                : Optional.empty();
    }

    private List<VmAddress> of(OwnershipRecord record) {
        return addresses.of(record.address()).stream()
                .map(address -> new VmAddress(record.vni(), address))
                .toList();
    }

    /** Takes in the seat of the edges, where there is one. */
    void seat(Optional<FleetDocument> document) {
        if (document.isEmpty()) {
            synchronized (this) {
                wayOut.seatIsEmpty();
            }
            return;
        }
        try {
            DocumentSeat.Seat taken = DocumentSeat.seat(document.get());
            activeEdge(new EdgeWord(taken.holder(), taken.fence()));
        } catch (BadRequest e) {
            log.warn("the edges' seat can't be read, the way out stays as it was: {}", e.getMessage());
        }
    }

    /** An edge has the public addresses; an older one's word does not count any more. */
    synchronized void activeEdge(EdgeWord word) {
        if (wayOut.hasSeat(word)) {
            wayOut.find(hosts.values(), alive, underlays);
            tellPeers();
        }
    }

    /** Every record that counts here. */
    synchronized List<OwnershipRecord> recordsSeen() {
        return List.copyOf(records.values());
    }

    /** Hosts that live, those whose VMs are still theirs, and the way out. */
    private void tellPeers() {
        Set<String> speaking = new HashSet<>(alive);
        records.values().forEach(record -> speaking.add(record.owner()));
        Set<InetAddress> peers = new HashSet<>(wayOut.edges());
        speaking.forEach(host -> Optional.ofNullable(underlays.get(host)).ifPresent(peers::add));
        try {
            table.peers(peers);
        } catch (IOException e) {
            log.warn("the data plane's peers stay as they were: {}", e.getMessage());
        }
    }

    @Override
    public void close() throws InterruptedException {
        thread.interrupt();
        thread.join(LOOK_EVERY);
        Watch open = watch;
        if (open != null) {
            open.close();
        }
    }
}
