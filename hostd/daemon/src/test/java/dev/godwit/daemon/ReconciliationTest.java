package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.EventType;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.move.MovesInProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReconciliationTest {
    @TempDir
    Path directory;

    private final MovesInProgress inProgress = new MovesInProgress();
    private final AtomicLong nanos = new AtomicLong();
    private LocalVms host;
    private Disowning disowning;
    private Reconciliation reconciliation;

    @BeforeEach
    void open() throws Exception {
        host = new LocalVms(directory);
        disowning = new Disowning("host-a", host.store);
        reconciliation =
                new Reconciliation("host-a", host.store, host.parts, host.vms, inProgress, disowning, nanos::get);
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    private void owned(String vmId, String hostId) throws Exception {
        host.store.create(new NewOwnership(vmId, "build-" + vmId, hostId, "", ""));
    }

    private void later(Duration time) {
        nanos.addAndGet(time.toNanos());
        reconciliation.run();
    }

    @Test
    void aRemovalThatACrashCutOffIsFinishedAndTheNameIsFreeAgain() throws Exception {
        owned("vm-1", "host-a");
        host.vm("vm-1", VmRecord.Phase.GIVEN);
        reconciliation.run();
        assertThat(host.vms.all()).isEmpty();
        assertThat(host.paths.vm("vm-1")).doesNotExist();
        assertThat(host.admission.promised()).isEmpty();
        assertThat(host.store.byName("build-vm-1")).isEmpty();
    }

    @Test
    void whatIsLeftOfAVmThatLeftIsRemovedAndItStaysItsOwners() throws Exception {
        owned("vm-1", "host-b");
        host.vm("vm-1", VmRecord.Phase.GIVEN);
        host.vm("vm-2", VmRecord.Phase.ARRIVING);
        reconciliation.run();
        assertThat(host.vms.all()).isEmpty();
        assertThat(host.store.read("vm-1")).isPresent();
    }

    @Test
    void aVmOfAnOpenMoveIsItsMovesAndOneOfAnAwayStoreWaits() throws Exception {
        host.vm("vm-1", VmRecord.Phase.ARRIVING);
        host.vm("vm-2", VmRecord.Phase.GIVEN);
        inProgress.begin("vm-1", "m-1");
        host.storeAway = true;
        reconciliation.run();
        assertThat(host.vms.all()).hasSize(2);
        host.storeAway = false;
        reconciliation.run();
        assertThat(host.vms.all()).extracting(HostedVm::id).containsExactly("vm-1");
    }

    @Test
    void aVmThatArrivedAndWhoseRecordWasNotWrittenIsNoLeftover() throws Exception {
        owned("vm-1", "host-a");
        HostedVm vm = host.vm("vm-1", VmRecord.Phase.ARRIVING);
        reconciliation.run();
        assertThat(host.vms.all()).containsExactly(vm);
        assertThat(vm.record().phase()).as("its VMM has ended").isEqualTo(VmRecord.Phase.LOST);
        assertThat(host.store.read("vm-1")).isPresent();
    }

    @Test
    void aRecordOfThisHostWithoutAVmGoesAfterAMinuteAndNotBefore() throws Exception {
        owned("vm-1", "host-a");
        owned("vm-2", "host-b");
        reconciliation.run();
        later(Reconciliation.ORPHAN_AFTER.minusSeconds(1));
        assertThat(host.store.read("vm-1")).isPresent();
        later(Duration.ofSeconds(1));
        assertThat(host.store.list()).extracting(record -> record.vmId()).containsExactly("vm-2");
        assertThat(host.events.after(0, 10, Duration.ZERO))
                .singleElement()
                .satisfies(event -> assertThat(event.type()).isEqualTo(EventType.LOST));
    }

    @Test
    void theRecordOfAVmThatIsBeingMadeOrCouldNotBeTakenBackStays() throws Exception {
        owned("vm-1", "host-a");
        owned("vm-2", "host-a");
        host.admission.admit("vm-1", 1, 512, 0);
        host.parts.records().save(KeptRecordTest.record("vm-2", VmRecord.Phase.RUNNING));
        reconciliation.run();
        later(Reconciliation.ORPHAN_AFTER.multipliedBy(3));
        assertThat(host.store.list()).hasSize(2);
    }

    @Test
    void aRecordThatARemovalCouldNotTakeAlongGoesAtOnceAndIsNoLoss() throws Exception {
        owned("vm-1", "host-a");
        host.storeAway = true;
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> disowning.disown("vm-1"))
                .hasMessageContaining("etcd is down");
        reconciliation.run();
        host.storeAway = false;
        reconciliation.run();
        assertThat(host.store.list()).isEmpty();
        assertThat(disowning.isPending("vm-1")).isFalse();
        assertThat(host.events.after(0, 10, Duration.ZERO)).isEmpty();
    }
}
