package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipChange;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Watch;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import dev.godwit.net.Addresses;
import dev.godwit.net.Location;
import dev.godwit.net.Prefix;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetLocationsTest {
    private static final InetAddress A = Addresses.literal("10.1.0.2");
    private static final InetAddress B = Addresses.literal("10.2.0.2");
    private static final VmAddress VM = new VmAddress(NewOwnership.VNI_DEFAULT, Addresses.literal("10.77.0.2"));
    private static final VmAddress VM6 = new VmAddress(NewOwnership.VNI_DEFAULT, Addresses.literal("fd77::2"));

    @TempDir
    Path directory;

    private final FakeLocationTable table = new FakeLocationTable();
    private final AtomicLong nanos = new AtomicLong(1_000);
    private final List<OwnershipRecord> written = new ArrayList<>();
    private int policies;
    private boolean lockedWhenTold;
    private int hostsChangedFails;
    private SqliteFleetStore store;
    private @Nullable Consumer<OwnershipChange> watching;
    /** What happens between a list and its being taken in. */
    private ThrowingCallable afterList = () -> {};

    private List<HostRecord> living = List.of();
    private FleetLocations locations;

    @BeforeEach
    void open() throws Exception {
        store = SqliteFleetStore.open(directory.resolve("fleet.db"), nanos::get);
        locations = locations(store);
        locations.seat(Optional.empty());
        locations.hosts(List.of(host("host-a", A), host("host-b", B)));
    }

    private FleetLocations locations(FleetStore of) {
        return new FleetLocations(
                "host-a",
                of,
                table,
                new VmAddresses(Prefix.parse("10.77.0.0/24"), Prefix.parse("fd77::/64")),
                nanos::get,
                written::add,
                () -> {
                    policies++;
                    lockedWhenTold |= Thread.holdsLock(locations);
                    if (hostsChangedFails-- > 0) {
                        throw new IllegalStateException("no memory");
                    }
                });
    }

    /** The store, whose watch and hosts are in the test's hand. */
    private FleetStore slow() {
        return (FleetStore) Proxy.newProxyInstance(
                FleetStore.class.getClassLoader(), new Class<?>[] {FleetStore.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "watch" -> {
                            @SuppressWarnings("unchecked")
                            Consumer<OwnershipChange> consumer = (Consumer<OwnershipChange>) arguments[0];
                            watching = consumer;
                            return (Watch) () -> {};
                        }
                        case "hosts" -> {
                            return living;
                        }
                        case "list" -> {
                            List<OwnershipRecord> all = store.list();
                            afterList.call();
                            return all;
                        }
                        default -> {
                            try {
                                return method.invoke(store, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        }
                    }
                });
    }

    /** Locations that follow the slow store. */
    private void follow() {
        living = List.of(host("host-a", A), host("host-b", B));
        locations = locations(slow());
        locations.begin();
    }

    private void tell(OwnershipRecord record, boolean removed) {
        Objects.requireNonNull(watching).accept(new OwnershipChange(record, removed));
    }

    private OwnershipRecord create(String id, String address) throws Exception {
        return store.create(new NewOwnership(id, id, "host-a", address, ""));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static HostRecord host(String id, InetAddress underlay) {
        return new HostRecord(id, id, HostRole.HOST, "", "", underlay.getHostAddress(), Map.of());
    }

    private OwnershipRecord vm(String id, String address) throws Exception {
        OwnershipRecord made = create(id, address);
        locations.readAll();
        return made;
    }

    private static LocationWord word(String host, String previous, long fence, long turn) {
        return new LocationWord("vm-1", "host-a", host, previous, fence, turn);
    }

    @Test
    void aVmOfAnotherNetworkIsInThatNetworkOnlyAndHasAWayOut() throws Exception {
        HostRecord edge = new HostRecord("edge-1", "e", HostRole.EDGE, "", "", "10.3.0.2", Map.of());
        locations.hosts(List.of(host("host-a", A), host("host-b", B), edge));
        store.create(new NewOwnership("vm-7", "vm-7", "host-a", "10.77.0.7", "", 7));
        locations.readAll();
        VmAddress there = new VmAddress(7, Addresses.literal("10.77.0.7"));
        assertThat(table.locations).containsEntry(there, Location.settled(there, A, 1));
        assertThat(table.locations).doesNotContainKey(new VmAddress(1, there.address()));
        assertThat(table.edgesOf).containsOnlyKeys(1, 7);
        assertThat(table.edgesOf.get(7)).containsExactly(Addresses.literal("10.3.0.2"));
        store.delete("vm-7", "host-a", 1);
        locations.readAll();
        assertThat(table.locations).doesNotContainKey(there);
    }

    @Test
    void theRecordSaysWhereAVmIsInBothFamilies() throws Exception {
        vm("vm-1", "10.77.0.2");
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, A, 1));
        assertThat(table.locations).containsEntry(VM6, Location.settled(VM6, A, 1));
        store.transfer("vm-1", "host-a", 1, "host-b");
        locations.readAll();
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, B, 2));
        assertThat(written).extracting(OwnershipRecord::fence).containsExactly(1L, 2L);
    }

    @Test
    void inAMoveTheOwnersWordCountsAndTheSourceMayStillSpeak() throws Exception {
        vm("vm-1", "10.77.0.2");
        locations.say(word("host-b", "host-a", 1, 10));
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, B, 1).after(A));
        locations.readAll();
        assertThat(table.at(VM).host()).as("the record of before the move").isEqualTo(B);
        store.transfer("vm-1", "host-a", 1, "host-b");
        locations.readAll();
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, B, 2));
    }

    @Test
    void aWordThatComesLateDoesNotUndoALaterOne() throws Exception {
        vm("vm-1", "10.77.0.2");
        locations.say(word("host-a", "", 1, 11));
        locations.say(word("host-b", "host-a", 1, 10));
        assertThat(table.at(VM).host()).isEqualTo(A);
    }

    @Test
    void aWordOfAHostThatDoesNotOwnTheVmIsRefused() throws Exception {
        vm("vm-1", "10.77.0.2");
        store.transfer("vm-1", "host-a", 1, "host-b");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> locations.say(word("host-b", "host-a", 3, 10)))
                .withMessageContaining("host-a does not own vm vm-1 under fence 3");
        assertThat(table.at(VM)).as("the record was read anew").isEqualTo(Location.settled(VM, B, 2));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> locations.say(new LocationWord("vm-9", "host-a", "host-b", "", 1, 1)));
        assertThatExceptionOfType(IOException.class)
                .as("now that the transfer is known")
                .isThrownBy(() -> locations.say(word("host-b", "host-a", 1, 10)))
                .withMessageContaining("host-a does not own vm vm-1 under fence 1");
    }

    @Test
    void aWordThatIsAMinuteOldCountsNoLonger() throws Exception {
        vm("vm-1", "10.77.0.2");
        locations.say(word("host-b", "host-a", 1, 10));
        nanos.addAndGet(FleetLocations.WORD_COUNTS.toNanos());
        assertThat(locations.hosts(List.of(host("host-a", A), host("host-b", B))))
                .as("a word grew old")
                .isTrue();
        locations.readAll();
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, A, 1));
    }

    @Test
    void aRecordOfBeforeWhatIsKnownIsIgnored() throws Exception {
        OwnershipRecord first = vm("vm-1", "10.77.0.2");
        store.transfer("vm-1", "host-a", 1, "host-b");
        locations.readAll();
        assertThat(first.fence()).isEqualTo(1);
        assertThat(locations.record("vm-1")).map(OwnershipRecord::owner).contains("host-b");
    }

    @Test
    void aRemovedVmsAddressIsFreeForAnotherWithALowerFence() throws Exception {
        vm("vm-1", "10.77.0.2");
        store.transfer("vm-1", "host-a", 1, "host-b");
        locations.readAll();
        store.delete("vm-1", "host-b", 2);
        vm("vm-2", "10.77.0.2");
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, A, 1));
    }

    @Test
    void whatAnEarlierHostdKnewAndNobodyKnowsAnyMoreGoes() throws Exception {
        VmAddress gone = new VmAddress(NewOwnership.VNI_DEFAULT, Addresses.literal("10.77.0.99"));
        table.put(Location.settled(gone, B, 7));
        vm("vm-1", "10.77.0.2");
        assertThat(table.locations).containsOnlyKeys(VM, VM6);
    }

    @Test
    void aHostThatIsGoneStaysAPeerWhileVmsAreItsOwn() throws Exception {
        vm("vm-1", "10.77.0.2");
        locations.hosts(List.of(host("host-b", B)));
        assertThat(table.peers).containsExactlyInAnyOrder(A, B);
        store.transfer("vm-1", "host-a", 1, "host-b");
        locations.readAll();
        assertThat(table.peers).containsExactly(B);
        assertThat(locations.others()).extracting(HostRecord::hostId).containsExactly("host-b");
        assertThat(locations.underlay("host-a")).isEqualTo(Optional.of(A));
    }

    @Test
    void aHostThatComesLaterThanItsRecordIsFound() throws Exception {
        store.create(new NewOwnership("vm-3", "vm-3", "host-c", "10.77.0.3", ""));
        locations.readAll();
        VmAddress third = new VmAddress(NewOwnership.VNI_DEFAULT, Addresses.literal("10.77.0.3"));
        assertThat(table.locations).doesNotContainKey(third);
        InetAddress c = Addresses.literal("10.3.0.2");
        locations.hosts(List.of(host("host-a", A), host("host-c", c)));
        assertThat(table.locations).containsEntry(third, Location.settled(third, c, 1));
        assertThat(policies).as("times that policies were made anew").isEqualTo(2);
    }

    @Test
    void theActiveEdgeIsTheWayOutAndTheOtherMaySpeakToo() {
        InetAddress one = Addresses.literal("10.4.0.2");
        InetAddress two = Addresses.literal("10.5.0.2");
        locations.hosts(List.of(edge("edge-1", one), edge("edge-2", two)));
        locations.activeEdge(new EdgeWord("edge-2", 3));
        assertThat(table.edges).containsExactly(two, one);
        locations.activeEdge(new EdgeWord("edge-1", 2));
        assertThat(table.edges).as("an older word").containsExactly(two, one);
        locations.activeEdge(new EdgeWord("edge-1", 4));
        assertThat(table.edges).containsExactly(one, two);
        locations.activeEdge(new EdgeWord("edge-2", 5));
        assertThat(table.edges).containsExactly(two, one);
    }

    @Test
    void anEdgeThatIsGoneStaysTheWayOutAndAPeerUntilTheSeatIsAnothers() {
        InetAddress one = Addresses.literal("10.4.0.2");
        InetAddress two = Addresses.literal("10.5.0.2");
        locations.hosts(List.of(edge("edge-1", one), edge("edge-2", two)));
        locations.activeEdge(new EdgeWord("edge-1", 3));
        locations.hosts(List.of(edge("edge-2", two)));
        assertThat(table.edges)
                .as("its hostd is started anew, and it serves on")
                .containsExactly(one, two);
        assertThat(table.peers).containsExactlyInAnyOrder(one, two);
        locations.hosts(List.of());
        assertThat(table.edges).containsExactly(one);
        assertThat(table.peers).containsExactly(one);
        locations.hosts(List.of(edge("edge-2", two)));
        locations.activeEdge(new EdgeWord("edge-2", 4));
        assertThat(table.edges).containsExactly(two);
        assertThat(table.peers).containsExactly(two);
    }

    @Test
    void untilTheActiveEdgeIsKnownTheWayOutThatStandsCounts() {
        InetAddress one = Addresses.literal("10.4.0.2");
        InetAddress two = Addresses.literal("10.5.0.2");
        table.edges(NewOwnership.VNI_DEFAULT, List.of(two));
        table.edgesWritten.clear();
        locations = locations(store);
        locations.hosts(List.of(edge("edge-1", one), edge("edge-2", two)));
        assertThat(table.edgesWritten).as("nothing said who has the seat").isEmpty();
        locations = locations(store);
        locations.activeEdge(new EdgeWord("edge-2", 3));
        locations.hosts(List.of(edge("edge-1", one)));
        assertThat(table.edgesWritten).as("edge-2 is started anew too").isEmpty();
        assertThat(table.peers).containsExactlyInAnyOrder(one, two);
        locations.hosts(List.of(edge("edge-1", one), edge("edge-2", two)));
        assertThat(table.edgesWritten).containsExactly(List.of(two, one));
    }

    @Test
    void theSeatInTheStoreTellsWhichEdgeIsActive() throws Exception {
        InetAddress one = Addresses.literal("10.4.0.2");
        InetAddress two = Addresses.literal("10.5.0.2");
        new DocumentSeat(store.documents(), System::nanoTime).take("edge-2", Duration.ofSeconds(3));
        living = List.of(edge("edge-1", one), edge("edge-2", two));
        locations = locations(slow());
        locations.begin();
        assertThat(table.edgesWritten).as("never the other first").containsOnly(List.of(two, one));
    }

    private static HostRecord edge(String id, InetAddress underlay) {
        return new HostRecord(id, id, HostRole.EDGE, "", "", underlay.getHostAddress(), Map.of());
    }

    @Test
    void aHostWithANonsensicalAddressHarmsNobody() {
        HostRecord odd = new HostRecord("host-x", "x", HostRole.HOST, "", "", "not an address", Map.of());
        locations.hosts(List.of(odd, host("host-a", A)));
        assertThat(table.peers).containsExactly(A);
    }

    @Test
    void thoseWhoHearOfHostsMayAskForThemAtOnce() {
        locations.hosts(List.of(host("host-a", A)));
        assertThat(policies).isEqualTo(2);
        assertThat(lockedWhenTold).isFalse();
    }

    @Test
    void whatFailsForOnceIsTriedAtTheNextLook() {
        policies = 0;
        hostsChangedFails = 1;
        follow();
        assertThat(policies).isEqualTo(1);
        locations.begin();
        locations.begin();
        assertThat(policies).isEqualTo(2);
    }

    @Test
    void aListThatFailedIsReadAtTheNextLook() throws Exception {
        create("vm-1", "10.77.0.2");
        afterList = () -> {
            throw new FleetStoreUnavailable("etcd is down", null);
        };
        follow();
        assertThat(locations.recordsSeen()).isEmpty();
        afterList = () -> {
            throw new IllegalStateException("a record that nobody can read");
        };
        locations.begin();
        afterList = () -> {};
        locations.begin();
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, A, 1));
    }

    @Test
    void aVmOnAnAddressThatAnotherHadBeforeTheStartIsReached() throws Exception {
        table.put(Location.settled(VM, B, 7));
        vm("vm-1", "10.77.0.2");
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, A, 1));
    }

    @Test
    void aVmIsReachedOnTheAddressOfOneWhoseEndIsToldLate() throws Exception {
        OwnershipRecord old = create("vm-1", "10.77.0.2");
        store.transfer("vm-1", "host-a", 1, "host-b");
        follow();
        store.delete("vm-1", "host-b", 2);
        tell(create("vm-2", "10.77.0.2"), false);
        tell(old, true);
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, A, 1));
    }

    @Test
    void aVmIsReachedOnTheAddressOfOneWhoseEndIsNeverTold() throws Exception {
        create("vm-1", "10.77.0.2");
        store.transfer("vm-1", "host-a", 1, "host-b");
        follow();
        store.delete("vm-1", "host-b", 2);
        tell(create("vm-2", "10.77.0.2"), false);
        locations.begin();
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, A, 1));
        assertThat(locations.record("vm-1")).isEmpty();
    }

    @Test
    void aVmThatIsMadeAgainUnderItsIdBeginsAnew() throws Exception {
        create("vm-1", "10.77.0.2");
        store.transfer("vm-1", "host-a", 1, "host-b");
        follow();
        store.delete("vm-1", "host-b", 2);
        VmAddress third = new VmAddress(NewOwnership.VNI_DEFAULT, Addresses.literal("10.77.0.3"));
        tell(create("vm-1", "10.77.0.3"), false);
        locations.begin();
        assertThat(table.locations).containsEntry(third, Location.settled(third, A, 1));
        assertThat(table.locations).doesNotContainKey(VM);
    }

    @Test
    void whatIsToldWhileTheRecordsAreListedIsNewerThanTheList() throws Exception {
        OwnershipRecord gone = create("vm-1", "10.77.0.2");
        follow();
        afterList = () -> {
            store.delete("vm-1", "host-a", 1);
            tell(gone, true);
            tell(create("vm-2", "10.77.0.3"), false);
        };
        locations.readAll();
        assertThat(locations.recordsSeen()).extracting(OwnershipRecord::vmId).containsExactly("vm-2");
        assertThat(table.locations.keySet())
                .extracting(address -> address.address().getHostAddress())
                .contains("10.77.0.3")
                .doesNotContain("10.77.0.2");
    }

    @Test
    void aListIsNewerThanWhatTheWatchTellsLate() throws Exception {
        OwnershipRecord before = create("vm-1", "10.77.0.2");
        follow();
        store.transfer("vm-1", "host-a", 1, "host-b");
        afterList = () -> tell(before, false);
        locations.readAll();
        assertThat(table.locations).containsEntry(VM, Location.settled(VM, B, 2));
    }
}
