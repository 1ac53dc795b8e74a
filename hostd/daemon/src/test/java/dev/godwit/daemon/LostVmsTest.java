package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MovesInProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The VMs of host-b, which is gone, as host-a and host-c see them. */
class LostVmsTest {
    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final int VM_LEASE_SECONDS = 60;

    @TempDir
    Path directory;

    private final MovesInProgress inProgress = new MovesInProgress();
    private final SteppedClock clock = new SteppedClock();
    private LocalVms host;
    private LostVms lost;
    private LostVms atAnother;

    @BeforeEach
    void open() throws Exception {
        host = new LocalVms(directory);
        clock.advance(Duration.ofDays(1));
        lost = lostVms("host-a");
        atAnother = lostVms("host-c");
    }

    private LostVms lostVms(String hostId) {
        return new LostVms(
                hostId,
                host.store,
                host.events,
                host.lifecycle(inProgress)::writeOff,
                new TakenVms(hostId, host.store, host.parts, host.vms, inProgress),
                new HostsAway(hostId, host.store, clock::now),
                clock::now,
                clock::nanos,
                LEASE);
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    private OwnershipRecord owned(String vmId, String owner, @Nullable Integer leaseSeconds) throws Exception {
        CreateVm request =
                new CreateVm("build-" + vmId, "tiny", 2, 512, 4096, "ci", vmId, Map.of("job", "9"), leaseSeconds);
        return host.store.create(new NewOwnership(vmId, request.name(), owner, "", Json.line(request)));
    }

    private void pass(Duration time) {
        for (Duration left = time; left.isPositive(); left = left.minusSeconds(2)) {
            clock.advance(Duration.ofSeconds(2));
            lost.look();
            atAnother.look();
        }
    }

    private List<Event> told() throws Exception {
        return host.events.after(0, 100, Duration.ZERO);
    }

    private List<VmState> shown() throws Exception {
        return lost.shown().stream().map(Vm::state).toList();
    }

    @Test
    void afterAWholeLeaseEachVmOfTheHostIsLostAndThatIsToldOnce() throws Exception {
        OwnershipRecord record = owned("vm-1", "host-b", null);
        owned("vm-2", "host-b", null);
        pass(LEASE);
        assertThat(told()).isEmpty();
        assertThat(shown()).containsExactly(VmState.UNKNOWN, VmState.UNKNOWN);
        pass(Duration.ofSeconds(2));
        pass(LEASE.multipliedBy(5));
        assertThat(told()).extracting(Event::type).containsExactly(EventType.LOST, EventType.LOST);
        assertThat(told()).extracting(Event::vm).containsExactlyInAnyOrder("vm-1", "vm-2");
        assertThat(told().getFirst().detail()).contains("host host-b is gone");
        assertThat(lost.isLost(record)).isTrue();
        assertThat(shown()).containsExactly(VmState.LOST, VmState.LOST);
        Vm vm = lost.shown(record);
        assertThat(vm.state()).isEqualTo(VmState.LOST);
        assertThat(vm.host()).isEqualTo("host-b");
        assertThat(vm.vcpus()).isEqualTo(2);
        assertThat(vm.labels()).containsEntry("job", "9");
    }

    @Test
    void aStoreThatWasAwaySaysNothingOfWhoWasAbsentMeanwhile() throws Exception {
        owned("vm-1", "host-b", null);
        pass(Duration.ofSeconds(6));
        host.storeAway = true;
        pass(LEASE.multipliedBy(3));
        host.storeAway = false;
        pass(LEASE);
        assertThat(told()).isEmpty();
        pass(Duration.ofSeconds(4));
        assertThat(told()).hasSize(1);
    }

    @Test
    void vmsOfAHostThatSaidThatItIsAwayAreNotLostUntilItWasForTooLong() throws Exception {
        owned("vm-1", "host-b", null);
        new HostsAway("host-b", host.store, clock::now).leaves();
        pass(HostsAway.MOST.minusSeconds(10));
        assertThat(told()).isEmpty();
        assertThat(shown()).containsExactly(VmState.UNKNOWN);
        pass(LEASE.multipliedBy(4));
        assertThat(told()).extracting(Event::type).containsExactly(EventType.LOST);
        assertThat(shown()).containsExactly(VmState.LOST);
    }

    @Test
    void aHostThatWasAwayAndDiesAfterItsReturnIsNoLongerSpared() throws Exception {
        owned("vm-1", "host-b", null);
        new HostsAway("host-b", host.store, clock::now).leaves();
        pass(LEASE.multipliedBy(3));
        LostVms back = lostVms("host-b");
        back.look();
        pass(LEASE.multipliedBy(2).plusSeconds(4));
        assertThat(told()).extracting(Event::type).containsExactly(EventType.LOST);
    }

    @Test
    void aHostThatComesBackHasItsVmsAgainAndMayBeLostAgain() throws Exception {
        OwnershipRecord record = owned("vm-1", "host-b", null);
        pass(LEASE.plusSeconds(2));
        LostVms back = lostVms("host-b");
        HostRecord hostB = new HostRecord("host-b", "b", HostRole.HOST, "", "", "", Map.of());
        try (HostLease alive = host.store.announce(hostB, LEASE)) {
            assertThat(alive.isValid()).isTrue();
            back.look();
            assertThat(lost.isLost(record)).isFalse();
            assertThat(told()).extracting(Event::type).containsExactly(EventType.LOST, EventType.RUNNING);
            assertThat(shown()).containsExactly(VmState.UNKNOWN);
            pass(LEASE);
        }
        pass(LEASE.plusSeconds(4));
        assertThat(told()).extracting(Event::type).containsExactly(EventType.LOST, EventType.RUNNING, EventType.LOST);
    }

    @Test
    void aLostVmIsRemovedAndTheCopyOfAHostThatComesBackIsEnded() throws Exception {
        OwnershipRecord record = owned("vm-1", "host-b", null);
        pass(LEASE.plusSeconds(2));
        lost.remove(record, EventType.RELEASED, "removed");
        assertThat(host.store.read("vm-1")).isEmpty();
        assertThat(host.store.byName(record.name())).isEmpty();
        assertThat(shown()).isEmpty();
        // A new VM of the key, at another host; the old copy knows a later fence than its record.
        owned("vm-1", "host-a", null);
        host.vm(at(record.fence()));
        TakenVms here = new TakenVms("host-b", host.store, host.parts, host.vms, inProgress);
        here.look();
        assertThat(host.vms.all()).as("by the records alone nothing tells").hasSize(1);
        lostVms("host-b").look();
        assertThat(host.vms.all()).isEmpty();
        assertThat(told()).extracting(Event::type).containsExactly(EventType.LOST, EventType.RELEASED, EventType.LOST);
        assertThat(told().getLast().detail()).contains("was removed while this host had no lease");
        assertThat(host.store.read("vm-1")).map(OwnershipRecord::owner).contains("host-a");
    }

    private static VmRecord at(long fence) {
        return KeptRecordTest.record("vm-1", VmRecord.Phase.RUNNING).with(VmRecord.Phase.RUNNING, fence);
    }

    @Test
    void aNewVmOfTheKeyAtTheHostThatLostTheOldOneLives() throws Exception {
        OwnershipRecord record = owned("vm-1", "host-b", null);
        pass(LEASE.plusSeconds(2));
        lost.remove(record, EventType.RELEASED, "removed");
        HostedVm fresh = host.vm(at(owned("vm-1", "host-b", null).fence()));
        lostVms("host-b").look();
        assertThat(host.vms.all()).containsExactly(fresh);
    }

    @Test
    void aHostThatIsBackKeepsItsVm() throws Exception {
        OwnershipRecord record = owned("vm-1", "host-b", null);
        pass(LEASE.plusSeconds(2));
        HostRecord hostB = new HostRecord("host-b", "b", HostRole.HOST, "", "", "", Map.of());
        try (HostLease alive = host.store.announce(hostB, LEASE)) {
            assertThat(alive.isValid()).isTrue();
            assertThatExceptionOfType(Conflict.class)
                    .isThrownBy(() -> lost.remove(record, EventType.RELEASED, "removed"))
                    .withMessageContaining("host-b, which is back");
            assertThat(host.store.read("vm-1")).contains(record);
            host.vm(at(record.fence()));
            lostVms("host-b").look();
            assertThat(host.vms.all()).hasSize(1);
        }
    }

    @Test
    void aLostVmWhoseLeaseIsOverIsRemovedByALivingHost() throws Exception {
        owned("vm-1", "host-b", VM_LEASE_SECONDS);
        owned("vm-2", "host-b", null);
        pass(LEASE.plusSeconds(2));
        pass(Duration.ofSeconds(VM_LEASE_SECONDS - 4));
        assertThat(host.store.list()).hasSize(2);
        pass(Duration.ofSeconds(16));
        assertThat(host.store.list()).extracting(OwnershipRecord::vmId).containsExactly("vm-2");
        assertThat(told()).extracting(Event::type).containsExactly(EventType.LOST, EventType.LOST, EventType.RELEASED);
        assertThat(told().getLast().detail()).contains("lease of 60 s is over");
    }
}
