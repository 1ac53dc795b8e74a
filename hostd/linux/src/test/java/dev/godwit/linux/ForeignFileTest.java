package dev.godwit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ForeignFileTest {
    @TempDir
    Path folder;

    @Test
    void aFileIsReadToItsEnd() throws IOException {
        byte[] content = new byte[300_000];
        content[299_999] = 7;
        Path file = Files.write(folder.resolve("console.log"), content);
        try (InputStream in = ForeignFile.open(file)) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
    }

    @Test
    void noLinkLeadsToAnotherFile() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "x");
        Path soft = Files.createSymbolicLink(folder.resolve("soft"), secret);
        assertThatThrownBy(() -> ForeignFile.open(soft))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("ELOOP");
        Path hard = Files.createLink(folder.resolve("hard"), secret);
        assertThatThrownBy(() -> ForeignFile.open(hard)).hasMessageContaining("has 2 names");
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aPipeOrAFolderIsRefusedAtOnce() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        assertThatThrownBy(() -> ForeignFile.open(pipe)).hasMessageContaining("is no regular file");
        assertThatThrownBy(() -> ForeignFile.open(folder)).hasMessageContaining("is no regular file");
    }
}
