package dev.godwit.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.godwit.tls.Revocation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What both fleet stores promise. */
public abstract class FleetStoreContract {
    protected static final Duration TTL = Duration.ofSeconds(6);

    protected FleetStore store;

    /** An empty store, or the same one again. */
    protected abstract FleetStore open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    protected static HostRecord host(String id, String installation) {
        return new HostRecord(
                id,
                installation,
                HostRole.HOST,
                "10.0.0.1:7070",
                "10.0.0.1:7071",
                "10.0.0.1",
                Map.of("zone", "a", "cpu", "haswell-v1"));
    }

    protected static NewOwnership vm(String id) {
        return new NewOwnership(id, "name-of-" + id, "host-a", "", "{\"vcpus\":2}");
    }

    private static NewOwnership vm(String id, String name, String address) {
        return new NewOwnership(id, name, "host-a", address, "");
    }

    @Test
    void anAnnouncedHostIsListedAsItWasAnnounced() throws Exception {
        HostRecord a = host("host-a", "first");
        try (HostLease lease = store.announce(a, TTL)) {
            assertThat(store.hosts()).containsExactly(a);
            assertThat(lease.isValid()).isTrue();
            assertThat(lease.host()).isEqualTo(a);
        }
    }

    @Test
    void aHostWhoseLeaseIsClosedIsGone() throws Exception {
        store.announce(host("host-a", "first"), TTL).close();
        assertThat(store.hosts()).isEmpty();
    }

    @Test
    void aSecondLiveHostWithTheSameIdIsRefused() throws Exception {
        try (HostLease lease = store.announce(host("host-a", "first"), TTL)) {
            assertThatExceptionOfType(HostIdTaken.class)
                    .isThrownBy(() -> store.announce(host("host-a", "second"), TTL))
                    .withMessageContaining("host-a");
            assertThat(lease.isValid()).isTrue();
            assertThat(store.hosts()).extracting(HostRecord::installation).containsExactly("first");
        }
    }

    @Test
    void aRestartedHostTakesItsIdAgainAtOnce() throws Exception {
        HostLease before = store.announce(host("host-a", "first"), TTL);
        try (HostLease after = store.announce(host("host-a", "first"), TTL)) {
            assertThat(after.isValid()).isTrue();
            assertThat(store.hosts()).hasSize(1);
        }
        before.close();
    }

    @Test
    void aTimeToLiveOutOfRangeIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.announce(host("host-a", "first"), Duration.ofMillis(10)))
                .withMessageContaining("PT0.01S");
    }

    @Test
    void aNewVmIsOwnedUnderFenceOne() throws Exception {
        OwnershipRecord made = store.create(vm("vm1", "web", "10.77.0.2"));
        assertThat(made)
                .isEqualTo(new OwnershipRecord(
                        "vm1", "web", "host-a", 1, "10.77.0.2", "", NewOwnership.VNI_DEFAULT, made.created()));
        assertThat(store.read("vm1")).contains(made);
        assertThat(store.byName("web")).contains(made);
        assertThat(store.list()).containsExactly(made);
    }

    @Test
    void aVmMadeAnewUnderTheSameIdIsAnotherVmAndOneThatMovedIsTheSame() throws Exception {
        OwnershipRecord first = store.create(vm("vm1", "web", "10.77.0.2"));
        assertThat(store.transfer("vm1", "host-a", 1, "host-b").isSameVm(first)).isTrue();
        assertThat(store.read("vm1").orElseThrow().isSameVm(first)).isTrue();
        store.delete("vm1", "host-b", 2);
        OwnershipRecord second = store.create(vm("vm1", "web", "10.77.0.2"));
        assertThat(second.isSameVm(first)).isFalse();
        assertThat(second.created()).isGreaterThan(first.created());
        assertThat(store.list()).containsExactly(second);
        assertThat(store.byName("web")).contains(second);
    }

    @Test
    void whatIsNotThereIsEmpty() throws Exception {
        assertThat(store.read("nothing")).isEmpty();
        assertThat(store.byName("nothing")).isEmpty();
        assertThat(store.list()).isEmpty();
        assertThat(store.hosts()).isEmpty();
    }

    @Test
    void aNameBelongsToOneVm() throws Exception {
        store.create(vm("vm1", "web", ""));
        assertThatExceptionOfType(NameTaken.class)
                .isThrownBy(() -> store.create(vm("vm2", "web", "")))
                .withMessageContaining("vm1");
        assertThat(store.read("vm2")).isEmpty();
    }

    @Test
    void anAddressBelongsToOneVm() throws Exception {
        store.create(vm("vm1", "web", "10.77.0.2"));
        assertThatExceptionOfType(AddressTaken.class)
                .isThrownBy(() -> store.create(vm("vm2", "db", "10.77.0.2")))
                .withMessageContaining("vm1");
        assertThat(store.byName("db")).isEmpty();
    }

    @Test
    void vmsWithoutAnAddressDoNotCollide() throws Exception {
        store.create(vm("vm1", "web", ""));
        store.create(vm("vm2", "db", ""));
        assertThat(store.list()).extracting(OwnershipRecord::vmId).containsExactly("vm1", "vm2");
    }

    @Test
    void aVmIdIsCreatedOnce() throws Exception {
        OwnershipRecord made = store.create(vm("vm1", "web", ""));
        OwnershipConflict conflict =
                catchThrowableOfType(OwnershipConflict.class, () -> store.create(vm("vm1", "other", "")));
        assertThat(conflict.actual()).contains(made);
        assertThat(store.byName("other")).isEmpty();
    }

    @Test
    void aTransferChangesTheOwnerAndNothingElseUnderTheNextFence() throws Exception {
        OwnershipRecord made = store.create(vm("vm1"));
        OwnershipRecord moved = store.transfer("vm1", "host-a", 1, "host-b");
        assertThat(moved).isEqualTo(made.ownedBy("host-b"));
        assertThat(moved.fence()).isEqualTo(2);
        assertThat(store.read("vm1")).contains(moved);
    }

    @Test
    void aVmKeepsItsNetworkThroughTransfersAndAddressesAreTheFleets() throws Exception {
        OwnershipRecord made = store.create(new NewOwnership("vm1", "web", "host-a", "10.77.0.2", "", 7));
        assertThat(made.vni()).isEqualTo(7);
        assertThat(store.transfer("vm1", "host-a", 1, "host-b").vni()).isEqualTo(7);
        assertThat(store.list()).extracting(OwnershipRecord::vni).containsExactly(7);
        assertThatExceptionOfType(AddressTaken.class)
                .isThrownBy(() -> store.create(new NewOwnership("vm2", "db", "host-a", "10.77.0.2", "", 8)));
        AddressPool pool = new AddressPool(store, Subnet.parse("10.77.0.0/29"), Set.of());
        OwnershipRecord pooled = pool.create(new NewOwnership("vm2", "db", "host-a", "", "", 8));
        assertThat(pooled.vni()).isEqualTo(8);
        assertThat(pooled.address()).isEqualTo("10.77.0.3");
        assertThat(store.create(vm("vm3")).vni()).isEqualTo(1);
        for (int bad : new int[] {0, -1, 1 << 22}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new NewOwnership("vm4", "x", "host-a", "", "", bad))
                    .withMessageContaining(Integer.toString(bad));
        }
    }

    @Test
    void aRollbackIsATransferToTheSameHost() throws Exception {
        store.create(vm("vm1"));
        assertThat(store.transfer("vm1", "host-a", 1, "host-a").fence()).isEqualTo(2);
        OwnershipConflict conflict =
                catchThrowableOfType(OwnershipConflict.class, () -> store.transfer("vm1", "host-a", 1, "host-b"));
        assertThat(conflict.actual()).map(OwnershipRecord::owner).contains("host-a");
    }

    @Test
    void aVmIsTakenOverFromAHostThatIsGoneAndNotFromOneThatLives() throws Exception {
        store.create(vm("vm1"));
        HostLease alive = store.announce(host("host-a", "first"), TTL);
        OwnerLives refused = catchThrowableOfType(OwnerLives.class, () -> store.takeOver("vm1", "host-a", 1, "host-b"));
        assertThat(refused).hasMessageContaining("host-a");
        assertThat(store.read("vm1")).map(OwnershipRecord::fence).contains(1L);
        alive.close();
        OwnershipRecord taken = store.takeOver("vm1", "host-a", 1, "host-b");
        assertThat(taken.owner()).isEqualTo("host-b");
        assertThat(taken.fence()).isEqualTo(2);
        assertThat(store.read("vm1")).contains(taken);
    }

    @Test
    void aTakeOverOnAnOldFenceOrOwnerWritesNothing() throws Exception {
        store.create(vm("vm1"));
        OwnershipRecord moved = store.transfer("vm1", "host-a", 1, "host-b");
        OwnershipConflict conflict =
                catchThrowableOfType(OwnershipConflict.class, () -> store.takeOver("vm1", "host-a", 1, "host-c"));
        assertThat(conflict.actual()).contains(moved);
        assertThat(catchThrowableOfType(OwnershipConflict.class, () -> store.takeOver("nothing", "host-a", 1, "host-c"))
                        .actual())
                .isEmpty();
        assertThat(store.read("vm1")).contains(moved);
    }

    @Test
    void aTransferOnAnOldFenceOrOwnerWritesNothingAndTellsWhatStands() throws Exception {
        store.create(vm("vm1"));
        OwnershipRecord moved = store.transfer("vm1", "host-a", 1, "host-b");
        for (Callable<OwnershipRecord> stale : List.<Callable<OwnershipRecord>>of(
                () -> store.transfer("vm1", "host-a", 1, "host-c"),
                () -> store.transfer("vm1", "host-a", 2, "host-c"),
                () -> store.transfer("vm1", "host-b", 1, "host-c"),
                () -> store.transfer("vm1", "host-b", 3, "host-c"))) {
            OwnershipConflict conflict = catchThrowableOfType(OwnershipConflict.class, stale::call);
            assertThat(conflict.actual()).contains(moved);
            assertThat(store.read("vm1")).contains(moved);
        }
    }

    @Test
    void aTransferOfAVmThatIsNotThereSaysSo() {
        OwnershipConflict conflict =
                catchThrowableOfType(OwnershipConflict.class, () -> store.transfer("vm1", "host-a", 1, "host-b"));
        assertThat(conflict.actual()).isEmpty();
    }

    @Test
    void ofManyWhoTransferAtOnceExactlyOneSucceeds() throws Exception {
        store.create(vm("vm1"));
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
        try {
            for (int fence = 1; fence <= 20; fence++) {
                long expected = fence;
                List<Future<Optional<OwnershipRecord>>> tries = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    String to = i % 2 == 0 ? "host-a" : "host-" + i;
                    tries.add(callers.submit(() -> {
                        try {
                            return Optional.of(store.transfer("vm1", "host-a", expected, to));
                        } catch (OwnershipConflict lost) {
                            return Optional.empty();
                        }
                    }));
                }
                List<OwnershipRecord> won = new ArrayList<>();
                for (Future<Optional<OwnershipRecord>> one : tries) {
                    one.get(10, TimeUnit.SECONDS).ifPresent(won::add);
                }
                assertThat(won).hasSize(1);
                assertThat(store.read("vm1")).contains(won.getFirst());
                assertThat(won.getFirst().fence()).isEqualTo(expected + 1);
                if (!won.getFirst().owner().equals("host-a")) {
                    return;
                }
            }
        } finally {
            callers.shutdownNow();
        }
    }

    @Test
    void aDeletedVmLeavesNameAndAddressFree() throws Exception {
        store.create(vm("vm1", "web", "10.77.0.2"));
        store.delete("vm1", "host-a", 1);
        assertThat(store.read("vm1")).isEmpty();
        assertThat(store.byName("web")).isEmpty();
        assertThat(store.create(vm("vm2", "web", "10.77.0.2")).vmId()).isEqualTo("vm2");
    }

    @Test
    void aDeleteOnAnOldFenceRemovesNothing() throws Exception {
        store.create(vm("vm1"));
        OwnershipRecord moved = store.transfer("vm1", "host-a", 1, "host-b");
        OwnershipConflict conflict =
                catchThrowableOfType(OwnershipConflict.class, () -> store.delete("vm1", "host-a", 1));
        assertThat(conflict.actual()).contains(moved);
        assertThat(store.byName("name-of-vm1")).contains(moved);
        assertThatExceptionOfType(OwnershipConflict.class).isThrownBy(() -> store.delete("nothing", "host-a", 1));
    }

    @Test
    void aPoolGivesNoVmTheGatewaysAddress() throws Exception {
        AddressPool pool = new AddressPool(store, Subnet.parse("10.77.0.0/29"), Set.of("10.77.0.3"));
        assertThat(List.of(
                        pool.create(vm("vm1")).address(), pool.create(vm("vm2")).address()))
                .containsExactly("10.77.0.2", "10.77.0.4");
    }

    @Test
    void aPoolGivesEachOfManyAtOnceAnAddressOfItsOwnFromTheLowest() throws Exception {
        AddressPool pool = new AddressPool(store, Subnet.parse("10.77.0.0/28"), Set.of());
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
        try {
            List<Future<OwnershipRecord>> made = IntStream.range(0, 12)
                    .mapToObj(i -> callers.submit(() -> pool.create(vm("vm" + i))))
                    .toList();
            Set<String> addresses = new java.util.HashSet<>();
            for (Future<OwnershipRecord> one : made) {
                addresses.add(one.get(30, TimeUnit.SECONDS).address());
            }
            assertThat(addresses)
                    .isEqualTo(
                            IntStream.range(2, 14).mapToObj(i -> "10.77.0." + i).collect(Collectors.toSet()));
        } finally {
            callers.shutdownNow();
        }
        pool.create(vm("vm-last"));
        assertThatExceptionOfType(AddressTaken.class)
                .isThrownBy(() -> pool.create(vm("vm-too-many")))
                .withMessageContaining("10.77.0.0/28");
        store.delete("vm3", "host-a", 1);
        assertThat(pool.create(vm("vm-again")).address()).startsWith("10.77.0.");
    }

    @Test
    void aWatchHearsOfEveryWriteInTheEndAndInOrder() throws Exception {
        store.create(vm("vm-before"));
        List<OwnershipChange> heard = new CopyOnWriteArrayList<>();
        Watch watch = store.watch(heard::add);
        try {
            store.create(vm("vm1"));
            OwnershipRecord moved = store.transfer("vm1", "host-a", 1, "host-b");
            await().atMost(Duration.ofSeconds(10)).until(() -> heard.contains(new OwnershipChange(moved, false)));
            store.delete("vm1", "host-b", 2);
            await().atMost(Duration.ofSeconds(10)).until(() -> heard.contains(new OwnershipChange(moved, true)));
            assertThat(heard).extracting(c -> c.record().vmId()).containsOnly("vm1");
            assertThat(heard.stream().map(c -> c.record().fence())).isSorted();
        } finally {
            watch.close();
        }
    }

    @Test
    void aClosedWatchIsQuiet() throws Exception {
        List<OwnershipChange> closed = new CopyOnWriteArrayList<>();
        List<OwnershipChange> open = new CopyOnWriteArrayList<>();
        Watch other = store.watch(open::add);
        try {
            store.watch(closed::add).close();
            store.create(vm("vm1"));
            await().atMost(Duration.ofSeconds(10)).until(() -> !open.isEmpty());
            assertThat(closed).isEmpty();
        } finally {
            other.close();
        }
    }

    @Test
    void whatWasWrittenIsThereWhenTheStoreIsOpenedAgain() throws Exception {
        store.create(vm("vm1", "web", "10.77.0.2"));
        OwnershipRecord moved = store.transfer("vm1", "host-a", 1, "host-b");
        store.close();
        store = open();
        assertThat(store.read("vm1")).contains(moved);
        assertThat(store.byName("web")).contains(moved);
    }

    @Test
    void aClosedStoreLeavesNoThread() throws Exception {
        Set<String> before = threads();
        FleetStore another = openBeside();
        another.announce(host("host-z", "z"), TTL);
        another.watch(change -> {});
        another.list();
        another.close();
        await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
            Set<String> left = threads();
            left.removeAll(before);
            assertThat(left).isEmpty();
        });
    }

    /** A store of its own while the other one is open. */
    protected abstract FleetStore openBeside() throws Exception;

    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(t -> t.threadId() + " " + t.getName())
                .filter(name -> !name.contains("surefire") && !name.contains("awaitility"))
                .collect(Collectors.toSet());
    }

    @Test
    void aRevocationIsListedAndOnlyTheFirstIsToldSo() throws Exception {
        Instant first = Instant.ofEpochMilli(1_796_000_000_000L);
        assertThat(store.revocations()).isEmpty();
        assertThat(store.revoke(new Revocation("operator/alice", first))).isTrue();
        assertThat(store.revoke(new Revocation("host/host-b", first))).isTrue();
        assertThat(store.revoke(new Revocation("operator/alice", first.plusSeconds(1))))
                .isFalse();
        assertThat(store.revoke(new Revocation("operator/alice", first.minusSeconds(60))))
                .as("of one whose clock is slow")
                .isFalse();
        assertThat(store.revocations())
                .containsExactly(
                        new Revocation("host/host-b", first), new Revocation("operator/alice", first.plusSeconds(1)));
    }

    @Test
    void ofManyThatRevokeOneSubjectAtOnceExactlyOneIsTheFirst() throws Exception {
        Revocation once = new Revocation("join/host-b", Instant.ofEpochMilli(1_796_000_000_000L));
        try (ExecutorService callers = Executors.newFixedThreadPool(8)) {
            List<Callable<Boolean>> calls = IntStream.range(0, 8)
                    .<Callable<Boolean>>mapToObj(i -> () -> store.revoke(once))
                    .toList();
            int firsts = 0;
            for (Future<Boolean> call : callers.invokeAll(calls)) {
                firsts += call.get(30, TimeUnit.SECONDS) ? 1 : 0;
            }
            assertThat(firsts).isEqualTo(1);
        }
        assertThat(store.revocations()).containsExactly(once);
    }
}
