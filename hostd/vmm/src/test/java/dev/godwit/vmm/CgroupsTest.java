package dev.godwit.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgroupsTest {
    @TempDir
    Path directory;

    private static Cgroups ofThisMachine(String hostId) throws IOException {
        Assumptions.assumeTrue(Files.isWritable(Path.of("/sys/fs/cgroup")), "needs root and /sys/fs/cgroup");
        return Cgroups.detect(hostId);
    }

    @Test
    void aVmsProcessIsCountedAndBoundedAndItsGroupGoesAway() throws Exception {
        Cgroups cgroups = ofThisMachine("cgroups-test");
        VmCgroup group = cgroups.create("vm-a", 64 << 20, 4);
        List<String> words = new java.util.ArrayList<>(List.of(
                "/bin/sh",
                "-c",
                "for d; do echo $$ > $d/cgroup.procs; done; echo in; read x;"
                        + " for i in 1 2 3 4 5 6 7 8; do sleep 20 & done",
                "sh"));
        group.directories().forEach(path -> words.add(path.toString()));
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        try (var lines = process.inputReader()) {
            assertThat(lines.readLine()).isEqualTo("in");
            assertThat(group.processes()).isEqualTo(1);
            assertThat(group.memoryBytes()).isPositive();
            assertThat(group.cpuTime()).isPositive();
            assertThatThrownBy(() -> cgroups.create("vm-a", 64 << 20, 4)).hasMessageContaining("in it already");
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            assertThat(lines.readLine()).as("the ninth process").containsIgnoringCase("fork");
        } finally {
            for (Path tasks : group.directories()) {
                for (String pid : Files.readAllLines(tasks.resolve("cgroup.procs"))) {
                    ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
                }
            }
            process.destroyForcibly();
        }
        group.remove();
        assertThat(group.directories()).allSatisfy(path -> assertThat(path).doesNotExist());
    }

    @Test
    void bothVersionsAreFoundAndVersion2IsTakenWhenItHasTheControllers() throws Exception {
        Path v2 = Files.createDirectory(directory.resolve("v2"));
        Files.writeString(v2.resolve("cgroup.controllers"), "cpuset cpu io memory pids\n");
        Files.writeString(v2.resolve("cgroup.subtree_control"), "memory\n");
        Path mounts = mounts("""
                31 23 0:28 / /x rw - tmpfs tmpfs rw
                34 31 0:31 / /x/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
                41 31 0:38 / %s rw,relatime - cgroup2 cgroup2 rw
                """.formatted(v2));
        Cgroups cgroups = Cgroups.detect("host-a", mounts);
        assertThat(cgroups.version()).isEqualTo(2);
        assertThat(cgroups.open("vm-a").directories()).containsExactly(v2.resolve("godwit/host-a/vm-a"));
    }

    @Test
    void aMachineWithoutTheControllersIsRefusedWithWhatItHas() throws Exception {
        Path v2 = Files.createDirectory(directory.resolve("v2"));
        Files.writeString(v2.resolve("cgroup.controllers"), "\n");
        Path mounts = mounts("34 31 0:31 / /x/cpu rw - cgroup cgroup rw,cpu\n41 31 0:38 / %s rw - cgroup2 cgroup2 rw\n"
                .formatted(v2));
        assertThatThrownBy(() -> Cgroups.detect("host-a", mounts))
                .hasMessageContaining("no control groups with memory and pids")
                .hasMessageContaining("[cpu]");
    }

    @Test
    void aHostThatMayNotWriteSaysSo() throws Exception {
        Path mounts = mounts("""
                35 31 0:32 / /proc/nonsense rw - cgroup cgroup rw,memory
                39 31 0:36 / /proc/nonsense2 rw - cgroup cgroup rw,pids
                """);
        assertThatThrownBy(() -> Cgroups.detect("host-a", mounts).create("vm-a", 1 << 30, 100))
                .hasMessageContaining("godwit/host-a/vm-a")
                .hasMessageContaining("run it as root");
    }

    @Test
    void namesThatLeaveTheTreeAreRefused() throws Exception {
        Cgroups cgroups = ofThisMachine("cgroups-test");
        for (String name : List.of("..", "a/b", "", ".hidden")) {
            assertThatThrownBy(() -> cgroups.open(name)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Cgroups.detect("../x")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theDeathOfAProcessIsSeenAtOnceAndItsNumberIsNotTakenForAnother() throws Exception {
        Process sleeper = new ProcessBuilder("/bin/sleep", "60").start();
        String stat = Files.readString(Path.of("/proc", Long.toString(sleeper.pid()), "stat"));
        long ticks = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
        assertThatThrownBy(() -> VmmProcess.open(sleeper.pid(), ticks + 1)).hasMessageContaining("given away");
        try (VmmProcess process = VmmProcess.open(sleeper.pid(), ticks)) {
            assertThat(process.commandLine()).contains("60");
            assertThat(process.awaitExit(Duration.ofMillis(50))).isFalse();
            sleeper.destroyForcibly();
            assertThat(process.awaitExit(Duration.ofSeconds(1))).isTrue();
        }
    }

    private Path mounts(String text) throws IOException {
        return Files.writeString(directory.resolve("mountinfo"), text);
    }

    @Test
    void aProcessThatEndsWhileItIsKilledIsNoTrouble() throws Exception {
        for (int i = 0; i < 100; i++) {
            Process sleeper = new ProcessBuilder("sleep", "100").start();
            String stat = java.nio.file.Files.readString(Path.of("/proc/" + sleeper.pid() + "/stat"));
            long ticks =
                    Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
            try (VmmProcess process = VmmProcess.open(sleeper.pid(), ticks)) {
                sleeper.destroyForcibly();
                process.kill(Duration.ofSeconds(10));
                assertThat(process.exited()).isDone();
                process.kill(Duration.ofSeconds(10));
            }
        }
    }
}
