package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmRecordsTest {
    @TempDir
    Path directory;

    @Test
    void aVmWhoseRecordCannotBeReadHasOneAllTheSame() throws Exception {
        HostPaths paths = new HostPaths(directory.resolve("s"), directory.resolve("images"));
        paths.create();
        VmRecords records = new VmRecords(paths);
        records.save(KeptRecordTest.record("vm-00000001", VmRecord.Phase.RUNNING));
        Files.createDirectories(paths.vm("vm-00000002"));
        Files.writeString(paths.vm("vm-00000002").resolve("vm.json"), "{");
        Files.createDirectories(paths.vm("vm-00000003"));
        assertThat(records.ids()).containsExactlyInAnyOrder("vm-00000001", "vm-00000002");
        assertThat(records.load()).extracting(VmRecord::id).containsExactly("vm-00000001");
    }
}
