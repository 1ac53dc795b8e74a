package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServedFenceTest {
    @TempDir
    Path folder;

    @Test
    void aFenceIsReadBackInTheSameRunOfTheMachineOnly() throws IOException {
        Path file = folder.resolve("served");
        ServedFence served = new ServedFence(file);
        assertThat(served.read()).isZero();
        served.write(7);
        served.write(8);
        assertThat(new ServedFence(file).read()).isEqualTo(8);
        Files.writeString(file, "00000000-0000-0000-0000-000000000000 8");
        assertThat(served.read()).isZero();
        Files.writeString(
                file,
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip() + " x");
        assertThatThrownBy(served::read).hasMessageContaining("does not hold a fence");
    }
}
