package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.api.EventType;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MovesInProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakenVmsTest {
    private static final Duration LEASE = Duration.ofSeconds(10);

    @TempDir
    Path directory;

    private final MovesInProgress inProgress = new MovesInProgress();
    private final SteppedClock clock = new SteppedClock();
    private LocalVms host;
    private TakenVms taken;

    @BeforeEach
    void open() throws Exception {
        host = new LocalVms(directory);
        taken = new TakenVms("host-a", host.store, host.parts, host.vms, inProgress);
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    /** KeptRecordTest's records know fence 7. */
    private OwnershipRecord owned(String owner, int fence) throws Exception {
        OwnershipRecord record = host.store.create(new NewOwnership("vm-1", "build-vm-1", owner, "", "{}"));
        while (record.fence() < fence) {
            record = host.store.transfer("vm-1", owner, record.fence(), owner);
        }
        return record;
    }

    @Test
    void aCopyWhoseVmAnotherHostOwnsUnderALaterFenceIsEndedAndThatIsSaid() throws Exception {
        owned("host-b", 8);
        host.vm("vm-1", VmRecord.Phase.RUNNING);
        taken.look();
        assertThat(host.vms.all()).isEmpty();
        assertThat(host.paths.vm("vm-1")).doesNotExist();
        assertThat(host.store.read("vm-1")).map(OwnershipRecord::owner).contains("host-b");
        assertThat(host.events.after(0, 10, Duration.ZERO)).singleElement().satisfies(event -> {
            assertThat(event.type()).isEqualTo(EventType.LOST);
            assertThat(event.detail()).contains("taken over by host host-b under fence 8");
        });
    }

    @Test
    void aVmOfThisHostOneOnTheMoveAndOneOfAnOlderRecordGoOn() throws Exception {
        owned("host-b", 7);
        HostedVm vm = host.vm("vm-1", VmRecord.Phase.RUNNING);
        taken.look();
        assertThat(host.vms.all()).as("the record is no later than this copy").containsExactly(vm);
        host.store.transfer("vm-1", "host-b", 7, "host-b");
        inProgress.begin("vm-1", "m-1");
        taken.look();
        assertThat(host.vms.all()).as("its move decides").containsExactly(vm);
        inProgress.end("vm-1", "m-1");
        host.store.transfer("vm-1", "host-b", 8, "host-a");
        taken.look();
        assertThat(host.vms.all()).as("it is this host's").containsExactly(vm);
    }

    @Test
    void whileTheStoreIsAwayNothingIsEnded() throws Exception {
        owned("host-b", 8);
        host.vm("vm-1", VmRecord.Phase.RUNNING);
        host.storeAway = true;
        taken.look();
        assertThat(host.vms.all()).hasSize(1);
    }

    @Test
    void aVmIsNotTakenOverFromAHostThatLivesOrComesBackWithinItsLease() throws Exception {
        OwnershipRecord record = owned("host-b", 1);
        VmClaims claims = claims();
        var back = new HostRecord("host-b", "b", HostRole.HOST, "", "", "", Map.of());
        clock.whileSleeping = () -> {
            try {
                host.store.announce(back, LEASE);
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        };
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> claims.claim(record))
                .withMessageContaining("host host-b, which is alive");
        assertThat(host.store.read("vm-1")).contains(record);
    }

    @Test
    void aVmOfAHostThatIsGoneIsWatchedForAWholeLeaseAndThenMadeAnew() throws Exception {
        OwnershipRecord record = owned("host-b", 1);
        assertThatExceptionOfType(Refused.class)
                .as("a record that does not say what the VM was made from")
                .isThrownBy(() -> claims().claim(record))
                .withMessageContaining("can't be made anew");
        assertThat(clock.nanos()).isGreaterThanOrEqualTo(LEASE.toNanos());
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> claims().claim(new OwnershipRecord("vm-1", "x", "host-a", 1, "", "")))
                .withMessageContaining("already");
    }

    private VmClaims claims() {
        return new VmClaims("host-a", host.store, host.lifecycle(inProgress), clock, LEASE);
    }
}
