package dev.godwit.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.godwit.linux.SparseFile;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.SinkPages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The hand-over by a real QEMU in its sandbox, as another user. The guest is its BIOS, which writes to RAM by itself. */
class QemuHandOverTest {
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    private static final long RAM_BYTES = 64L << 20;
    private static final int NOBODY = 65534;
    private static final Duration PATIENT = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private final Path ramFile =
            Path.of("/dev/shm/godwit-qemu-" + ProcessHandle.current().pid());

    @Test
    void aRealQemuInItsSandboxHandsItsRamOverAndItsGuestsWritesAreSeen() throws Exception {
        assumeTrue(Files.isExecutable(QEMU), "qemu-system-x86_64 is not installed (Debian: qemu-system-x86)");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        SparseFile.create(ramFile, RAM_BYTES).close();
        Files.setAttribute(ramFile, "unix:uid", NOBODY);
        try (RamHandOver handOver = RamHandOver.listen("vm1", ramFile, RAM_BYTES, folder.resolve("ram.sock"), NOBODY)) {
            Process qemu = start(handOver);
            try (TrackedMemory memory = handOver.await(qemu.pid(), PATIENT)) {
                SinkPages sink = memory.dirtySets().open("peer");
                Awaitility.await("the BIOS has written to RAM").atMost(PATIENT).until(() -> {
                    memory.scan();
                    return sink.dirtyCount() > 10;
                });
                PageSet content = memory.content();
                PageSet dirty = sink.take();
                for (long page = dirty.next(0); page >= 0; page = dirty.next(page + 1)) {
                    assertThat(content.contains(page)).as("page %d", page).isTrue();
                }
                assertThat(content.count()).isLessThan(memory.pageCount());
                assertThat(qemu.isAlive()).isTrue();
            } finally {
                qemu.destroyForcibly();
                assertThat(qemu.waitFor(10, TimeUnit.SECONDS)).isTrue();
            }
        } finally {
            Files.delete(ramFile);
        }
    }

    private Process start(RamHandOver handOver) throws IOException {
        String ram = "memory-backend-file,id=ram,size=64M,share=on,mem-path=" + ramFile;
        String script = "exec setpriv --reuid=" + NOBODY + " --regid=" + NOBODY
                + " --clear-groups \"$0\" \"$@\" 9<>/dev/userfaultfd";
        List<String> command = List.of(
                "sh",
                "-c",
                script,
                QEMU.toString(),
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-M",
                "pc-i440fx-7.2,memory-backend=ram",
                "-accel",
                "tcg,tb-size=32",
                "-m",
                "64",
                "-object",
                ram,
                "-sandbox",
                "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        Map<String, String> environment = new HashMap<>(handOver.environment(RamWriter.preload(), PATIENT));
        environment.put("GODWIT_UFFD_DEV_FD", "9");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("qemu.log").toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }
}
