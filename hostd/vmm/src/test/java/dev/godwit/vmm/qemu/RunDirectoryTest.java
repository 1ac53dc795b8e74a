package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a VMM's user can leave behind goes, and nothing else. Needs root. */
class RunDirectoryTest {
    private static final int UID = 240_990;

    private Path folder = Path.of("");
    private RunDirectory run = new RunDirectory(Path.of("/"));

    @BeforeEach
    void aPreparedDirectory() throws IOException {
        folder = Files.createTempDirectory(Path.of("/tmp"), "gwr", new FileAttribute<?>[0]);
        run = new RunDirectory(folder.resolve("run"));
        run.prepare(UID);
    }

    @AfterEach
    void removeTheRest() throws Exception {
        shell("rm", "-rf", folder.toString());
    }

    private static void shell(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
    }

    @Test
    void linksAreRemovedAndWhatTheyPointToStays() throws Exception {
        Path outside = Files.createDirectories(folder.resolve("outside/inner"));
        Path file = Files.writeString(outside.resolve("keep"), "x");
        Files.createSymbolicLink(run.io().resolve("folder"), outside);
        Files.createSymbolicLink(run.io().resolve("file"), file);
        Files.createDirectories(run.io().resolve("deep/deeper"));
        Files.createSymbolicLink(run.io().resolve("deep/deeper/link"), outside.getParent());
        shell("mkfifo", run.io().resolve("deep/pipe").toString());
        run.remove();
        assertThat(run.path()).doesNotExist();
        assertThat(file).hasContent("x");
    }

    @Test
    void foldersDeeperThanAnyPathCanNameAreRemoved() throws Exception {
        // 1,500 levels of 20 characters: seven times what a path may have.
        shell(
                "python3",
                "-c",
                "import os,sys\nos.chdir(sys.argv[1])\nfor i in range(1500):\n os.mkdir('a'*20)\n os.chdir('a'*20)\n"
                        + " open('f','w').close()",
                run.io().toString());
        run.prepare(UID);
        assertThat(run.io()).isEmptyDirectory();
        run.remove();
        assertThat(run.path()).doesNotExist();
    }

    @Test
    void manyFilesAreRemovedOneByOne() throws Exception {
        for (int i = 0; i < 5000; i++) {
            Files.createFile(run.io().resolve("f" + i));
        }
        Files.createDirectory(run.io().resolve(".lifted-0"));
        Files.createDirectories(run.io().resolve("x/y/z"));
        run.remove();
        assertThat(run.path()).doesNotExist();
    }
}
