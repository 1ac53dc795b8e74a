package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.vmm.Accelerator;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdmissionTest {
    private static final int GIB = 1024;

    @TempDir
    Path disk;

    @Test
    void aLargeVmIsPromisedItsPageTablesAndTheHashesOfAMove() throws Exception {
        Admission admission = new Admission(66 * GIB, 10, disk);
        // 64 GiB, 384 MiB of the VMM, and a 256th of the RAM twice: page tables and hashes.
        assertThat(Admission.overheadMib(64 * GIB, Accelerator.KVM, 0)).isEqualTo(384 + 256 + 256);
        admission.admit("vm-1", 4, 64 * GIB, Accelerator.KVM, 0);
        assertThat(admission.freeMemoryMib()).isEqualTo(2 * GIB - 896);
        assertThatThrownBy(() -> admission.admit("vm-2", 1, GIB, Accelerator.KVM, 0))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("1416 MiB of memory (1024 MiB of RAM and 392 MiB for its VMM)")
                .hasMessageContaining("has 1152 of 67584 MiB free");
        admission.release("vm-1");
        assertThat(admission.freeMemoryMib()).isEqualTo(66 * GIB);
    }

    @Test
    void whatADiskBringsCountsWithItsHashes() {
        assertThat(Admission.overheadMib(512, Accelerator.TCG, 10L << 30)).isEqualTo(384 + 1 + 128 + 2 + 40);
    }
}
