package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import dev.godwit.net.Addresses;
import dev.godwit.net.Location;
import dev.godwit.net.Prefix;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
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

    private final FakeTable table = new FakeTable();
    private final AtomicLong nanos = new AtomicLong(1_000);
    private final List<OwnershipRecord> written = new ArrayList<>();
    private int policies;
    private SqliteFleetStore store;
    private FleetLocations locations;

    /** Holds to fences as the kernel's table does. */
    private static final class FakeTable implements LocationTable {
        final Map<VmAddress, Location> locations = new HashMap<>();
        Set<InetAddress> peers = Set.of();
        List<InetAddress> edges = List.of();
        final Map<Integer, List<InetAddress>> edgesOf = new HashMap<>();

        Location at(VmAddress vm) {
            return Objects.requireNonNull(locations.get(vm), "no location of " + vm);
        }

        @Override
        public void put(Location location) {
            Location known = locations.get(location.vm());
            if (known == null || known.fence() <= location.fence()) {
                locations.put(location.vm(), location);
            }
        }

        @Override
        public void remove(VmAddress address, long fence) {
            locations.computeIfPresent(address, (vm, known) -> known.fence() > fence ? known : null);
        }

        @Override
        public Set<VmAddress> addresses() {
            return Set.copyOf(locations.keySet());
        }

        @Override
        public void edges(int vni, List<InetAddress> underlays) {
            edges = underlays;
            edgesOf.put(vni, underlays);
        }

        @Override
        public void peers(Set<InetAddress> underlays) {
            peers = underlays;
        }
    }

    @BeforeEach
    void open() throws Exception {
        store = SqliteFleetStore.open(directory.resolve("fleet.db"), nanos::get);
        locations = locations();
        locations.hosts(List.of(host("host-a", A), host("host-b", B)));
    }

    private FleetLocations locations() {
        return new FleetLocations(
                "host-a",
                store,
                table,
                new VmAddresses(Prefix.parse("10.77.0.0/24"), Prefix.parse("fd77::/64")),
                nanos::get,
                written::add,
                () -> policies++);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static HostRecord host(String id, InetAddress underlay) {
        return new HostRecord(id, id, HostRole.HOST, "", "", underlay.getHostAddress(), Map.of());
    }

    private OwnershipRecord vm(String id, String address) throws Exception {
        OwnershipRecord made = store.create(new NewOwnership(id, id, "host-a", address, ""));
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
        locations.hosts(List.of(edge("edge-1", one)));
        assertThat(table.edges).containsExactly(one);
        locations.hosts(List.of());
        assertThat(table.edges).as("until there is another").containsExactly(one);
    }

    @Test
    void theSeatInTheStoreTellsWhichEdgeIsActive() throws Exception {
        InetAddress one = Addresses.literal("10.4.0.2");
        InetAddress two = Addresses.literal("10.5.0.2");
        new DocumentSeat(store.documents(), System::nanoTime).take("edge-2", Duration.ofSeconds(3));
        store.announce(edge("edge-2", two), Duration.ofSeconds(10));
        locations.begin();
        locations.hosts(List.of(edge("edge-1", one), edge("edge-2", two)));
        assertThat(table.edges).containsExactly(two, one);
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
}
