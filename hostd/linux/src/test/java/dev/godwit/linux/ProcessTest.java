package dev.godwit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessTest {
    private static final int SIGKILL = 9;

    @TempDir
    Path folder;

    @Test
    void theEndOfAProcessIsSeenAndASignalReachesIt() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "60").start();
        try (Pidfd pidfd = Pidfd.open(sleep.pid())) {
            assertThat(pidfd.isAlive()).isTrue();
            assertThat(pidfd.awaitExit(Duration.ofMillis(20))).isFalse();

            pidfd.signal(SIGKILL);

            assertThat(pidfd.awaitExit(Duration.ofSeconds(10))).isTrue();
            assertThat(pidfd.isAlive()).isFalse();
            assertThat(sleep.waitFor()).isEqualTo(128 + SIGKILL);
            assertThatThrownBy(() -> pidfd.signal(SIGKILL)).hasMessageContaining("ESRCH");
        } finally {
            sleep.destroyForcibly();
        }
    }

    @Test
    void aDescriptorOfAnotherProcessCanBeTaken() throws Exception {
        Path file = folder.resolve("theirs");
        SparseFile.create(file, 4096).close();
        Process shell = new ProcessBuilder("sh", "-c", "exec 7<" + file + "; echo ready; read end")
                .redirectErrorStream(true)
                .start();
        try (Pidfd pidfd = Pidfd.open(shell.pid())) {
            assertThat(shell.inputReader().readLine()).isEqualTo("ready");

            try (Descriptor taken = pidfd.take(7);
                    Descriptor copy = taken.duplicate()) {
                assertThat(Path.of("/proc/self/fd/" + taken.number()).toRealPath())
                        .isEqualTo(file.toRealPath());
                assertThat(Path.of("/proc/self/fd/" + copy.number()).toRealPath())
                        .isEqualTo(file.toRealPath());
            }
            assertThatThrownBy(() -> pidfd.take(99)).hasMessage("pidfd_getfd 99 of process " + shell.pid() + ": EBADF");
        } finally {
            shell.destroyForcibly();
        }
    }

    @Test
    void aProcessThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> Pidfd.open(Integer.MAX_VALUE)).hasMessageContaining("process 2147483647: ESRCH");
        assertThatThrownBy(() -> Pidfd.open(0)).hasMessageContaining("process id 0 is not between");
        assertThatThrownBy(() -> PageScan.open(Integer.MAX_VALUE)).hasMessageContaining("ENOENT");
    }

    @Test
    void memoryIsReadAndWrittenThroughTheProcessesPageTables() throws IOException {
        ProcessMemory self = new ProcessMemory(ProcessHandle.current().pid());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment there = arena.allocate(100_000).fill((byte) 3);
            MemorySegment here = arena.allocate(100_000);

            self.read(there.address(), here);
            assertThat(here.mismatch(there)).isEqualTo(-1);
            self.write(there.address(), here.fill((byte) 4));

            assertThat(there.get(ValueLayout.JAVA_BYTE, 99_999)).isEqualTo((byte) 4);
            assertThatThrownBy(() -> self.write(4096, here)).hasMessageContaining("at 0x1000: EFAULT");
            assertThatThrownBy(() -> self.write(there.address(), MemorySegment.ofArray(new byte[8])))
                    .hasMessageContaining("heap");
        }
    }

    @Test
    void theClocksGoForwardTogether() {
        long monotonic = Clock.MONOTONIC.nanos();
        long boottime = Clock.BOOTTIME.nanos();

        assertThat(Clock.MONOTONIC.nanos()).isGreaterThanOrEqualTo(monotonic);
        assertThat(boottime).isGreaterThanOrEqualTo(monotonic);
    }

    @Test
    void theUmaskIsSetAndGivenBack() {
        int before = Umask.set(0077);
        assertThat(Umask.set(before)).isEqualTo(0077);
        assertThatThrownBy(() -> Umask.set(01000)).hasMessageContaining("umask 01000");
    }

    @Test
    void aTmpfsIsMountedWithItsLimitAndTakenAway() throws IOException {
        Path on = java.nio.file.Files.createDirectory(folder.resolve("ram"));
        long before = Mount.freeBytes(on);

        Mount.tmpfs(on, 8 << 20, 0711);
        try {
            assertThat(Mount.isTmpfs(on)).isTrue();
            assertThat(Mount.freeBytes(on)).isEqualTo(8 << 20);
            assertThat(java.nio.file.Files.getPosixFilePermissions(on)).hasSize(5);
            SparseFile full = SparseFile.create(on.resolve("f"), 16 << 20);
            assertThatThrownBy(() -> full.allocate(0, 16 << 20)).hasMessageContaining("ENOSPC");
            full.close();
        } finally {
            Mount.unmount(on);
        }
        assertThat(Mount.freeBytes(on)).isNotEqualTo(8 << 20).isPositive();
        assertThat(before).isPositive();
        assertThatThrownBy(() -> Mount.unmount(on)).hasMessage("unmount " + on + ": EINVAL");
    }
}
