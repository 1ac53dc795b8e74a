package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import dev.godwit.vmm.Accelerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptRecordTest {
    /** Far from the users of VMMs of a hostd that may run on this machine: discarding a VM ends its user's processes. */
    private static final int UID = 1_987_654;

    @TempDir
    Path directory;

    private HostPaths paths;
    private VmRecords records;
    private KeptRecord kept;

    static VmRecord record(String id, VmRecord.Phase phase) {
        return new VmRecord(
                id,
                "build-" + id,
                "sha256:1",
                1,
                512,
                4096,
                "",
                "",
                UID,
                Accelerator.TCG,
                "haswell-v1",
                "pc-q35-7.2",
                7,
                VmOrigin.NONE,
                phase);
    }

    @BeforeEach
    void open() throws IOException {
        paths = new HostPaths(directory.resolve("s"), directory.resolve("images"));
        paths.create();
        records = new VmRecords(paths);
        kept = new KeptRecord(records, record("vm-1", VmRecord.Phase.ARRIVING), Duration.ofMillis(5));
    }

    /** A file where the VM's folder should be: no record can be written. */
    private void refuseWrites() throws IOException {
        Files.writeString(paths.vm("vm-1"), "");
    }

    @Test
    void aRecordOfAnOlderHostdThatDoesNotSayWhoAskedIsRead() throws Exception {
        VmRecord record = record("vm-2", VmRecord.Phase.RUNNING);
        records.save(record);
        Path file = paths.vm("vm-2").resolve("vm.json");
        String written = Files.readString(file);
        String older = written.replaceFirst(",\"origin\":\\{.*?\\{}.*?}", "");
        assertThat(older).isNotEqualTo(written).doesNotContain("origin");
        Files.writeString(file, older);
        assertThat(records.load()).containsExactly(record);
    }

    @Test
    void whatHasHappenedStandsThoughTheDiskRefusesItAndIsWrittenAsSoonAsItCan() throws Exception {
        refuseWrites();
        kept.stands(vm -> vm.with(VmRecord.Phase.RUNNING, 8));
        assertThat(kept.now().phase()).isEqualTo(VmRecord.Phase.RUNNING);
        assertThat(kept.now().fence()).isEqualTo(8);
        Files.delete(paths.vm("vm-1"));
        await().until(() -> records.load().size() == 1);
        assertThat(records.load()).containsExactly(kept.now());
    }

    @Test
    void whatIsToBeDoneIsNotBegunWhenItCantBeWritten() throws Exception {
        refuseWrites();
        assertThatIOException().isThrownBy(() -> kept.enter(vm -> vm.with(VmRecord.Phase.STOPPED)));
        assertThat(kept.now().phase()).isEqualTo(VmRecord.Phase.ARRIVING);
    }

    @Test
    void aVmThatIsBeingRemovedComesToNoOtherPhase() throws Exception {
        kept.enter(vm -> vm.with(VmRecord.Phase.RUNNING));
        kept.close();
        assertThatIOException()
                .isThrownBy(() -> kept.enter(vm -> vm.with(VmRecord.Phase.LOST)))
                .withMessageContaining("is being removed");
        assertThat(records.load()).extracting(VmRecord::phase).containsExactly(VmRecord.Phase.RUNNING);
    }

    @Test
    void theRecordGoesLastSoThatARemovalThatWasCutOffIsFinished() throws Exception {
        records.save(kept.now());
        Path stuck = Files.createDirectory(paths.vm("vm-1").resolve("overlay.d"));
        Files.writeString(stuck.resolve("overlay.raw"), "data");
        records.remove("vm-1");
        assertThat(paths.vm("vm-1")).doesNotExist();
        records.remove("vm-1");
    }

    @Test
    void leftoversWithoutARecordMakeWayAndThoseOfAVmThatWasNotTakenBackDoNot() throws Exception {
        Files.createDirectories(paths.vm("vm-2"));
        Files.writeString(paths.vm("vm-2").resolve("overlay.raw"), "left by a crash");
        records.removeLeftovers("vm-2");
        assertThat(paths.vm("vm-2")).doesNotExist();
        records.save(kept.now());
        assertThatIOException()
                .isThrownBy(() -> records.removeLeftovers("vm-1"))
                .withMessageContaining("could not take back");
        assertThat(records.has("vm-1")).isTrue();
    }
}
