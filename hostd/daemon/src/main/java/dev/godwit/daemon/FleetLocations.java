package dev.godwit.daemon;

import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipChange;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Watch;
import dev.godwit.net.Addresses;
import dev.godwit.net.Location;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    private final Thread thread;
    /** By host id; one that is not alive keeps its place, because records may still name it. */
    private final Map<String, InetAddress> underlays = new HashMap<>();

    private final Map<String, OwnershipRecord> records = new HashMap<>();
    private final Map<String, Word> words = new HashMap<>();
    /** Numbers of networks that VMs are in, or were since hostd was started. */
    private final Set<Integer> networks = new HashSet<>(Set.of(NewOwnership.VNI_DEFAULT));

    private Set<String> alive = Set.of();
    private List<InetAddress> edges = List.of();
    /** The edge that has the public addresses, as far as is known. */
    private EdgeWord activeEdge = new EdgeWord("", 0);

    /** By id, as last seen. */
    private final Map<String, HostRecord> hosts = new HashMap<>();

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
        this.thread = Thread.ofVirtual().name("fleet-locations").unstarted(this::follow);
    }

    /** Takes in what the store says now, if it answers; what stands in the data plane counts meanwhile. */
    void begin() {
        try {
            look();
        } catch (FleetStoreException e) {
            log.warn("the locations of VMs are those that an earlier hostd knew: {}", e.getMessage());
        }
    }

    /** Follows the store from now on, or as soon as it answers. */
    void start() {
        thread.start();
    }

    private void follow() {
        try {
            String last = "";
            while (true) {
                try {
                    look();
                    last = "";
                } catch (FleetStoreException e) {
                    if (!last.equals(e.getMessage())) {
                        last = String.valueOf(e.getMessage());
                        log.warn("the locations of VMs stay as they are for now: {}", last);
                    }
                }
                Thread.sleep(LOOK_EVERY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads the hosts, and at the first time and whenever a word has grown old the records too. */
    private void look() throws FleetStoreException {
        boolean grewOld = hosts(store.hosts());
        Optional<FleetDocument> seat = store.documents().read(DocumentSeat.KIND, DocumentSeat.NAME);
        if (seat.isPresent()) {
            DocumentSeat.Seat taken = DocumentSeat.seat(seat.get());
            activeEdge(new EdgeWord(taken.holder(), taken.fence()));
        }
        if (watch == null) {
            watch = store.watch(this::changed);
            readAll();
        } else if (grewOld) {
            readAll();
        }
    }

    /** Reads every record now; when it returns, the data plane knows all that was written before the call. */
    void readAll() throws FleetStoreException {
        records(store.list());
    }

    /** @return whether a word no longer counts */
    synchronized boolean hosts(List<HostRecord> all) {
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
            tellPeers();
            findEdges();
            records.keySet().forEach(this::apply);
            hostsChanged.run();
        }
        return words.values().removeIf(word -> nanos.getAsLong() - word.untilNanos() >= 0);
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

    private synchronized void records(List<OwnershipRecord> all) {
        Set<String> here = new HashSet<>();
        for (OwnershipRecord record : all) {
            here.add(record.vmId());
            take(record);
        }
        List<OwnershipRecord> gone = records.values().stream()
                .filter(record -> !here.contains(record.vmId()))
                .toList();
        gone.forEach(this::forget);
        forgetUnknown();
        tellPeers();
    }

    /** What an earlier hostd knew and nobody knows any more. */
    private void forgetUnknown() {
        Set<VmAddress> known = new HashSet<>();
        records.values().forEach(record -> known.addAll(of(record)));
        try {
            for (VmAddress address : table.addresses()) {
                if (!known.contains(address)) {
                    table.remove(address, Long.MAX_VALUE);
                }
            }
        } catch (IOException e) {
            log.warn("locations that no VM has any more can't be removed now: {}", e.getMessage());
        }
    }

    private synchronized void changed(OwnershipChange change) {
        if (change.removed()) {
            forget(change.record());
        } else {
            take(change.record());
        }
    }

    private void take(OwnershipRecord record) {
        OwnershipRecord known = records.get(record.vmId());
        if (known != null && record.fence() < known.fence()) {
            return;
        }
        records.put(record.vmId(), record);
        if (networks.add(record.vni())) {
            tellEdges(Set.of(record.vni()));
        }
        apply(record.vmId());
        if (!record.equals(known)) {
            written.accept(record);
        }
    }

    private void forget(OwnershipRecord record) {
        records.remove(record.vmId());
        words.remove(record.vmId());
        for (VmAddress address : of(record)) {
            try {
                table.remove(address, record.fence());
            } catch (IOException e) {
                log.warn("the location of {} can't be removed: {}", address, e.getMessage());
            }
        }
        // Its address may be another VM's already, whose lower fence did not count while the old one stood.
        records.values().stream()
                .filter(other -> other.address().equals(record.address()))
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
                table.put(new Location(address, underlay, record.fence(), previous));
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

    /** An edge has the public addresses; an older one's word does not count any more. */
    synchronized void activeEdge(EdgeWord word) {
        if (word.fence() > activeEdge.fence()) {
            activeEdge = word;
            findEdges();
        }
    }

    /** Every record that counts here. */
    synchronized List<OwnershipRecord> recordsSeen() {
        return List.copyOf(records.values());
    }

    /** Hosts that live, and those whose VMs are still theirs. */
    private void tellPeers() {
        Set<String> hosts = new HashSet<>(alive);
        records.values().forEach(record -> hosts.add(record.owner()));
        Set<InetAddress> peers = new HashSet<>();
        hosts.forEach(host -> Optional.ofNullable(underlays.get(host)).ifPresent(peers::add));
        try {
            table.peers(peers);
        } catch (IOException e) {
            log.warn("the data plane's peers stay as they were: {}", e.getMessage());
        }
    }

    /** An edge that is gone stays the way out until there is another: its stand-by may be about to say so. */
    private void findEdges() {
        List<InetAddress> living = hosts.values().stream()
                .filter(host -> host.role() == HostRole.EDGE && alive.contains(host.hostId()))
                .sorted(Comparator.comparing((HostRecord host) -> !host.hostId().equals(activeEdge.edge()))
                        .thenComparing(HostRecord::hostId))
                .flatMap(host -> underlay(host).stream())
                .toList();
        if (!living.isEmpty()) {
            edges = living;
            tellEdges(networks);
        }
    }

    private void tellEdges(Set<Integer> of) {
        if (edges.isEmpty()) {
            return;
        }
        try {
            for (int vni : of) {
                table.edges(vni, edges);
            }
        } catch (IOException e) {
            log.warn("the edges stay as they were: {}", e.getMessage());
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
