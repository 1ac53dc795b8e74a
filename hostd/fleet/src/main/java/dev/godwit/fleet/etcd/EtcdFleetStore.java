package dev.godwit.fleet.etcd;

import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostIdTaken;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnerLives;
import dev.godwit.fleet.OwnershipChange;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Watch;
import dev.godwit.tls.Revocation;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The fleet store of two or more hosts, in etcd (v3 API, from 3.4 on). Reads are linearizable; a write is one transaction
 * and is never sent twice.
 */
public final class EtcdFleetStore implements FleetStore {
    /** A commit waits for this in the blackout at worst, and etcd answers in a few ms; an election takes 1 to 2 s. */
    public static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);

    /** A dead machine sends no reset: without this a call after its death would hang until its own time-out, again and again. */
    private static final Duration KEEPALIVE_TIME = Duration.ofSeconds(10);

    private static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(3);

    private final Client client;
    private final EtcdCalls calls;
    private final LongSupplier clockNanos;
    private final EtcdOwners owners;
    private final EtcdDocuments documents;
    private final OpenWatches watches = new OpenWatches();
    private final Set<EtcdHostLease> leases = ConcurrentHashMap.newKeySet();

    private EtcdFleetStore(Client client, EtcdCalls calls, LongSupplier clockNanos) {
        this.client = client;
        this.calls = calls;
        this.clockNanos = clockNanos;
        this.owners = new EtcdOwners(client.getKVClient(), calls);
        this.documents = new EtcdDocuments(client, calls, watches);
    }

    /**
     * Makes the client; it connects at the first call, and again by itself whenever it has to.
     *
     * @param endpoints {@code http://HOST:PORT}, at least one; {@code https:} with {@code tls}
     * @param tls null: plain connections
     * @param clockNanos CLOCK_BOOTTIME or alike, for leases
     */
    public static EtcdFleetStore open(List<String> endpoints, @Nullable EtcdTls tls, LongSupplier clockNanos) {
        return open(endpoints, tls, clockNanos, CALL_TIMEOUT);
    }

    /** The same without TLS. */
    public static EtcdFleetStore open(List<String> endpoints, LongSupplier clockNanos) {
        return open(endpoints, null, clockNanos, CALL_TIMEOUT);
    }

    static EtcdFleetStore open(List<String> endpoints, LongSupplier clockNanos, Duration callTimeout) {
        return open(endpoints, null, clockNanos, callTimeout);
    }

    static EtcdFleetStore open(
            List<String> endpoints, @Nullable EtcdTls tls, LongSupplier clockNanos, Duration callTimeout) {
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("no etcd endpoint is given");
        }
        ClientBuilder builder = Client.builder()
                .endpoints(endpoints.toArray(String[]::new))
                .connectTimeout(callTimeout)
                .waitForReady(false)
                .keepaliveTime(KEEPALIVE_TIME)
                .keepaliveTimeout(KEEPALIVE_TIMEOUT);
        if (tls != null) {
            builder.sslContext(tls.context());
        }
        Client client = builder.build();
        return new EtcdFleetStore(client, new EtcdCalls(endpoints, callTimeout), clockNanos);
    }

    @Override
    public HostLease announce(HostRecord host, Duration ttl) throws HostIdTaken, FleetStoreUnavailable {
        if (ttl.compareTo(TTL_LEAST) < 0 || ttl.compareTo(TTL_MOST) > 0) {
            throw new IllegalArgumentException(
                    "time to live " + ttl + " is not between " + TTL_LEAST + " and " + TTL_MOST);
        }
        EtcdHostLease lease = new EtcdHostLease(client, calls, clockNanos, host, ttl, leases::remove);
        lease.start();
        leases.add(lease);
        return lease;
    }

    @Override
    public List<HostRecord> hosts() throws FleetStoreUnavailable {
        GetResponse found = calls.repeatable(
                "list the hosts",
                client.getKVClient()
                        .get(Keys.HOSTS, GetOption.builder().isPrefix(true).build()));
        return found.getKvs().stream()
                .map(Values::host)
                .sorted(Comparator.comparing(HostRecord::hostId))
                .toList();
    }

    @Override
    public OwnershipRecord create(NewOwnership vm)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        String what = "create vm " + vm.vmId() + " named " + vm.name();
        ByteSequence claim = Values.claim(vm.vmId());
        List<Cmp> absent = new ArrayList<>(List.of(absent(Keys.owner(vm.vmId())), absent(Keys.name(vm.name()))));
        List<Op> puts = new ArrayList<>(List.of(
                put(Keys.owner(vm.vmId()), Values.owner(vm.owner(), 1)),
                put(Keys.vm(vm.vmId()), Values.vm(vm)),
                put(Keys.name(vm.name()), claim)));
        List<Op> looks = new ArrayList<>(
                List.of(get(Keys.vm(vm.vmId())), get(Keys.owner(vm.vmId())), get(Keys.name(vm.name()))));
        if (!vm.address().isEmpty()) {
            absent.add(absent(Keys.address(vm.address())));
            puts.add(put(Keys.address(vm.address()), claim));
            looks.add(get(Keys.address(vm.address())));
        }
        TxnResponse answer = calls.write(
                what,
                client.getKVClient()
                        .txn()
                        .If(absent.toArray(Cmp[]::new))
                        .Then(puts.toArray(Op[]::new))
                        .Else(looks.toArray(Op[]::new))
                        .commit());
        if (answer.isSucceeded()) {
            return new OwnershipRecord(
                    vm.vmId(),
                    vm.name(),
                    vm.owner(),
                    1,
                    vm.address(),
                    vm.detail(),
                    vm.vni(),
                    answer.getHeader().getRevision());
        }
        List<GetResponse> seen = answer.getGetResponses();
        Optional<OwnershipRecord> present = EtcdOwners.record(seen);
        if (present.isPresent()) {
            throw new OwnershipConflict("cannot " + what, present);
        }
        Optional<KeyValue> sameName = first(seen.get(2));
        if (sameName.isPresent()) {
            throw new NameTaken(
                    "cannot " + what + ": vm " + Values.claimedBy(sameName.get()) + " has that name; choose another");
        }
        throw new AddressTaken(
                "cannot " + what + ": vm " + Values.claimedBy(first(seen.get(3)).orElseThrow()) + " has the address "
                        + vm.address() + "; choose another");
    }

    @Override
    public Optional<OwnershipRecord> read(String vmId) throws FleetStoreUnavailable {
        return owners.read(vmId);
    }

    @Override
    public Optional<OwnershipRecord> byName(String name) throws FleetStoreUnavailable {
        GetResponse claim = calls.repeatable(
                "read which vm is named " + name, client.getKVClient().get(Keys.name(name)));
        if (claim.getKvs().isEmpty()) {
            return Optional.empty();
        }
        return read(Values.claimedBy(claim.getKvs().getFirst()));
    }

    @Override
    public List<OwnershipRecord> list() throws FleetStoreUnavailable {
        return owners.listing().all().values().stream()
                .sorted(Comparator.comparing(OwnershipRecord::vmId))
                .toList();
    }

    @Override
    public OwnershipRecord transfer(String vmId, String expectedOwner, long expectedFence, String newOwner)
            throws OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        String what =
                "give vm " + vmId + " of host " + expectedOwner + ", fence " + expectedFence + ", to host " + newOwner;
        TxnResponse answer =
                calls.write(what, transfer(vmId, newOwner, expectedFence, isOwned(vmId, expectedOwner, expectedFence)));
        Optional<OwnershipRecord> record = EtcdOwners.record(answer.getGetResponses());
        if (!answer.isSucceeded()) {
            throw new OwnershipConflict("cannot " + what, record);
        }
        return record.orElseThrow();
    }

    private CompletableFuture<TxnResponse> transfer(
            String vmId, String newOwner, long expectedFence, Cmp... conditions) {
        return client.getKVClient()
                .txn()
                .If(conditions)
                .Then(
                        put(Keys.owner(vmId), Values.owner(newOwner, expectedFence + 1)),
                        get(Keys.vm(vmId)),
                        get(Keys.owner(vmId)))
                .Else(get(Keys.vm(vmId)), get(Keys.owner(vmId)))
                .commit();
    }

    @Override
    public OwnershipRecord takeOver(String vmId, String expectedOwner, long expectedFence, String newOwner)
            throws OwnerLives, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        String what = "take vm " + vmId + " over from host " + expectedOwner + ", fence " + expectedFence
                + ", for host " + newOwner;
        TxnResponse answer = calls.write(
                what,
                transfer(
                        vmId,
                        newOwner,
                        expectedFence,
                        isOwned(vmId, expectedOwner, expectedFence),
                        absent(Keys.host(expectedOwner))));
        Optional<OwnershipRecord> record = EtcdOwners.record(answer.getGetResponses());
        if (answer.isSucceeded()) {
            return record.orElseThrow();
        }
        if (record.filter(r -> r.owner().equals(expectedOwner) && r.fence() == expectedFence)
                .isPresent()) {
            throw new OwnerLives("cannot " + what + ": host " + expectedOwner + " is alive");
        }
        throw new OwnershipConflict("cannot " + what, record);
    }

    @Override
    public void delete(String vmId, String expectedOwner, long expectedFence)
            throws OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        String what = "delete vm " + vmId + " of host " + expectedOwner + ", fence " + expectedFence;
        Optional<OwnershipRecord> present = read(vmId);
        if (present.isEmpty()) {
            throw new OwnershipConflict("cannot " + what, present);
        }
        List<Op> deletes = new ArrayList<>(List.of(
                delete(Keys.owner(vmId)),
                delete(Keys.vm(vmId)),
                delete(Keys.name(present.get().name()))));
        if (!present.get().address().isEmpty()) {
            deletes.add(delete(Keys.address(present.get().address())));
        }
        TxnResponse answer = calls.write(
                what,
                client.getKVClient()
                        .txn()
                        .If(isOwned(vmId, expectedOwner, expectedFence))
                        .Then(deletes.toArray(Op[]::new))
                        .Else(get(Keys.vm(vmId)), get(Keys.owner(vmId)))
                        .commit());
        if (!answer.isSucceeded()) {
            throw new OwnershipConflict("cannot " + what, EtcdOwners.record(answer.getGetResponses()));
        }
    }

    @Override
    public Watch watch(Consumer<OwnershipChange> consumer) throws FleetStoreUnavailable {
        return watches.start(new EtcdWatch<>(
                client.getWatchClient(),
                owners,
                (record, removed) -> consumer.accept(new OwnershipChange(record, removed)),
                watches::closed));
    }

    @Override
    public FleetDocuments documents() {
        return documents;
    }

    @Override
    public boolean revoke(Revocation revocation) throws OutcomeUnknown, FleetStoreUnavailable {
        ByteSequence key = Keys.revocation(revocation.subject());
        String what = "revoke " + revocation.subject();
        while (true) {
            Optional<KeyValue> before =
                    first(calls.repeatable(what, client.getKVClient().get(key)));
            if (before.isPresent()
                    && !revocation.at().isAfter(Values.revocation(before.get()).at())) {
                return false;
            }
            Cmp unchanged = before.map(
                            value -> new Cmp(key, Cmp.Op.EQUAL, CmpTarget.modRevision(value.getModRevision())))
                    .orElseGet(() -> absent(key));
            TxnResponse answer = calls.write(
                    what,
                    client.getKVClient()
                            .txn()
                            .If(unchanged)
                            .Then(put(key, Values.revocation(revocation)))
                            .commit());
            if (answer.isSucceeded()) {
                return before.isEmpty();
            }
        }
    }

    @Override
    public List<Revocation> revocations() throws FleetStoreUnavailable {
        GetResponse found = calls.repeatable(
                "list the revocations",
                client.getKVClient()
                        .get(
                                Keys.REVOCATIONS,
                                GetOption.builder().isPrefix(true).build()));
        return found.getKvs().stream()
                .map(Values::revocation)
                .sorted(Comparator.comparing(Revocation::subject))
                .toList();
    }

    @Override
    public void close() {
        List.copyOf(leases).forEach(EtcdHostLease::close);
        watches.close();
        client.close();
    }

    private static Cmp isOwned(String vmId, String owner, long fence) {
        return new Cmp(Keys.owner(vmId), Cmp.Op.EQUAL, CmpTarget.value(Values.owner(owner, fence)));
    }

    private static Cmp absent(ByteSequence key) {
        return new Cmp(key, Cmp.Op.EQUAL, CmpTarget.version(0));
    }

    private static Op put(ByteSequence key, ByteSequence value) {
        return Op.put(key, value, PutOption.DEFAULT);
    }

    private static Op get(ByteSequence key) {
        return Op.get(key, GetOption.DEFAULT);
    }

    private static Op delete(ByteSequence key) {
        return Op.delete(key, DeleteOption.DEFAULT);
    }

    private static Optional<KeyValue> first(GetResponse response) {
        return response.getKvs().stream().findFirst();
    }
}
