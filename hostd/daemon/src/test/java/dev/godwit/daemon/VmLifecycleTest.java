package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.godwit.api.EventType;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MoveInProgress;
import dev.godwit.move.MovesInProgress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmLifecycleTest {
    @TempDir
    Path directory;

    private final MovesInProgress inProgress = new MovesInProgress();
    private LocalVms host;
    private VmLifecycle lifecycle;

    @BeforeEach
    void open() throws Exception {
        host = new LocalVms(directory);
        lifecycle = host.lifecycle(inProgress);
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    private OwnershipRecord owned(String vmId, String hostId) throws Exception {
        return host.store.create(new NewOwnership(vmId, "build-" + vmId, hostId, "", ""));
    }

    @Test
    void aRemovedVmIsGoneAndItsNameIsFreeWhateverFenceItsRecordHas() throws Exception {
        owned("vm-1", "host-a");
        host.store.transfer("vm-1", "host-a", 1, "host-a"); // a rollback: the VM's own record knows fence 7
        HostedVm vm = host.vm("vm-1", VmRecord.Phase.LOST);
        lifecycle.delete(vm, "removed");
        assertThat(host.vms.all()).isEmpty();
        assertThat(host.paths.vm("vm-1")).doesNotExist();
        assertThat(host.store.byName("build-vm-1")).isEmpty();
        assertThat(inProgress.moveOf("vm-1")).isEmpty();
    }

    @Test
    void theDocumentsOfPublishedPortsGoWithARemovedVmAndWithOneThatIsWrittenOff() throws Exception {
        publish(owned("vm-1", "host-a"), "tcp-80");
        publish(owned("vm-2", "host-b"), "tcp-81");
        publish(owned("vm-3", "host-b"), "tcp-82");
        lifecycle.delete(host.vm("vm-1", VmRecord.Phase.LOST), "removed");
        lifecycle.writeOff(host.store.read("vm-2").orElseThrow(), EventType.LOST, "written off");
        assertThat(host.store.documents().list("port"))
                .extracting(FleetDocument::name)
                .containsExactly("tcp-82");
    }

    private void publish(OwnershipRecord vm, String port) throws Exception {
        host.store.documents().put("port", port, 0, Json.line(new PublicPorts.Lead(vm.vmId(), 80, vm.created())));
    }

    @Test
    void aRemovalWhoseRecordStaysSaysSo() throws Exception {
        owned("vm-1", "host-a");
        HostedVm vm = host.vm("vm-1", VmRecord.Phase.LOST);
        host.storeAway = true;
        assertThatExceptionOfType(Unavailable.class)
                .isThrownBy(() -> lifecycle.delete(vm, "removed"))
                .withMessageContaining("its name and address stay taken")
                .withMessageContaining("etcd is down");
        assertThat(host.paths.vm("vm-1")).doesNotExist();
        host.storeAway = false;
        assertThat(lifecycle.deleteRecord("build-vm-1")).isTrue();
        assertThat(host.store.list()).isEmpty();
    }

    @Test
    void aVmOnTheMoveIsNeitherStoppedNorRemoved() throws Exception {
        HostedVm vm = host.vm("vm-1", VmRecord.Phase.RUNNING);
        inProgress.begin("vm-1", "m-1");
        assertThatExceptionOfType(MoveInProgress.class).isThrownBy(() -> lifecycle.stop(vm));
        assertThatExceptionOfType(MoveInProgress.class).isThrownBy(() -> lifecycle.delete(vm, "removed"));
        assertThat(vm.record().phase()).isEqualTo(VmRecord.Phase.RUNNING);
    }

    @Test
    void aVmThatIsRemovedComesToNoOtherPhase() throws Exception {
        HostedVm vm = host.vm("vm-1", VmRecord.Phase.CREATING);
        vm.discard();
        assertThatIOException().isThrownBy(() -> vm.enter(VmRecord.Phase.RUNNING));
        assertThat(host.paths.vm("vm-1")).doesNotExist();
        vm.discard();
    }

    @Test
    void onlyARecordThatNamesThisHostAndHasNoFilesHereIsRemovedByItself() throws Exception {
        owned("vm-1", "host-b");
        owned("vm-2", "host-a");
        host.parts.records().save(KeptRecordTest.record("vm-2", VmRecord.Phase.RUNNING));
        assertThat(lifecycle.deleteRecord("vm-1")).isFalse();
        assertThat(lifecycle.deleteRecord("vm-2")).isFalse();
        assertThat(lifecycle.deleteRecord("none")).isFalse();
        assertThat(host.store.list()).hasSize(2);
    }

    @Test
    void aVmWhoseOwnerIsGoneIsWrittenOffWithTheCopyThatIsLeft() throws Exception {
        OwnershipRecord record = owned("vm-1", "host-b");
        host.vm("vm-1", VmRecord.Phase.LOST);
        lifecycle.writeOff(record, EventType.LOST, "written off");
        assertThat(host.vms.all()).isEmpty();
        assertThat(host.store.list()).isEmpty();
    }

    @Test
    void aFailedCreateLeavesNoFilesAndTheSameIdMayComeAgain() throws Exception {
        Files.delete(host.image.disk());
        assertThatIOException().isThrownBy(() -> host.vm("vm-1", VmRecord.Phase.ARRIVING));
        assertThat(host.paths.vm("vm-1")).doesNotExist();
    }
}
