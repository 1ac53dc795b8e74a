package dev.godwit.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real launcher, with a shell in QEMU's place. */
class VmmLauncherTest {
    private static final int UID = 249_999;

    @TempDir
    Path directory;

    private Path log;
    private Path pidFile;

    @BeforeEach
    void needsRoot() throws IOException {
        Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/userfaultfd")), "needs root and /dev/userfaultfd");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        log = directory.resolve("log");
        pidFile = directory.resolve("pid");
    }

    private static Path program() {
        Path program = Path.of(System.getProperty("godwit.root"), "dist/native/vmm-launch");
        assertThat(program).as("run script/build first").exists();
        return program;
    }

    private int launch(@Nullable Integer extraGid, @Nullable String tap, List<Path> cgroups, String... command)
            throws Exception {
        Process process = new VmmLauncher(program())
                .start(new VmmLauncher.Launch(
                        UID,
                        extraGid,
                        cgroups,
                        tap,
                        true,
                        Map.of("GODWIT_X", "a b=c"),
                        pidFile,
                        log,
                        List.of(command)));
        try {
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    private int shell(String script) throws Exception {
        return launch(null, null, List.of(), "/bin/sh", "-c", script);
    }

    @Test
    void theProgramGetsTheUserfaultfdDeviceAndNothingElseOfTheParent() throws Exception {
        assertThat(shell("env; for fd in /proc/$$/fd/*; do echo fd ${fd##*/} $(readlink $fd); done; "
                        + "grep -E 'core file|open files|file size' /proc/$$/limits; pwd; "
                        // The program itself, not the shell that waits for it: a shell blocks signals while it starts
                        // one.
                        + "exec grep -E '^(Uid|Gid|Groups|NoNewPrivs|CapEff|CapPrm|SigBlk|SigIgn)' /proc/self/status"))
                .isZero();
        List<String> said = Files.readAllLines(log);
        assertThat(said)
                .contains("GODWIT_X=a b=c", "GODWIT_UFFD_DEV_FD=3", "NoNewPrivs:\t1", "/")
                .contains("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "SigBlk:\t0000000000000000")
                // SIGXFSZ, so that a full console log is no death, and the C library's own 32 and 33.
                .contains("SigIgn:\t0000000181000000")
                .contains("Uid:\t249999\t249999\t249999\t249999", "Gid:\t249999\t249999\t249999\t249999");
        assertThat(said.stream().filter(line -> line.startsWith("fd ")))
                .contains("fd 0 /dev/null", "fd 1 " + log, "fd 2 " + log, "fd 3 /dev/userfaultfd")
                // The shell's own pipe is there too.
                .allMatch(line -> line.matches("fd ([0-3] .*|[0-9]+ (pipe:.*)?)"));
        assertThat(said.stream().filter(line -> line.matches("[A-Z_]+=.*")).map(line -> line.split("=", 2)[0]))
                .containsExactlyInAnyOrder("PATH", "PWD", "GODWIT_X", "GODWIT_UFFD_DEV_FD");
        assertThat(said.stream().map(line -> line.replaceAll(" +", " ").strip()))
                .contains("Max core file size 0 0 bytes", "Max open files 4096 4096 files")
                .contains("Max file size 67108864 67108864 bytes");
    }

    @Test
    void thePidFileNamesTheProgramItself() throws Exception {
        assertThat(shell("echo $$ $(cut -d' ' -f22 /proc/$$/stat) $(cut -d' ' -f5,6 /proc/$$/stat)"))
                .isZero();
        String[] said = Files.readString(log).strip().split(" ", -1);
        assertThat(Files.readString(pidFile).strip()).isEqualTo(said[0] + " " + said[1]);
        assertThat(List.of(said[2], said[3])).as("process group, session").containsOnly(said[0]);
    }

    @Test
    void aFileThatGrowsForEverIsCutOffAndTheProgramLives() throws Exception {
        Path big = directory.resolve("big");
        assertThat(shell("head -c 70000000 /dev/zero > " + big + "; echo alive"))
                .isZero();
        assertThat(Files.size(big)).isEqualTo(64 << 20);
        assertThat(Files.readAllLines(log)).contains("alive");
    }

    @Test
    void oneMoreGroupIsKeptWhenItIsNamed() throws Exception {
        assertThat(launch(36, null, List.of(), "/bin/sh", "-c", "grep Groups /proc/$$/status"))
                .isZero();
        assertThat(Files.readString(log).strip()).isEqualTo("Groups:\t36");
    }

    @Test
    void whatCanNotBeDoneIsSaidInTheLog() throws Exception {
        assertThat(launch(null, "gwnone", List.of(), "/bin/true")).isEqualTo(71);
        assertThat(Files.readString(log)).contains("tap device gwnone does not exist in this network namespace");
        assertThat(launch(null, null, List.of(Path.of("/nonexistent")), "/bin/true"))
                .isEqualTo(71);
        assertThat(Files.readString(log)).contains("open /nonexistent/cgroup.procs: No such file");
        assertThat(launch(null, null, List.of(), "/nonexistent")).isEqualTo(127);
        assertThat(Files.readString(log)).contains("execute /nonexistent as user 249999");
    }

    @Test
    void aLogThatIsALinkIsNotFollowed() throws Exception {
        Path victim = Files.createFile(directory.resolve("victim"));
        Files.createSymbolicLink(log, victim);
        Process process = new ProcessBuilder(
                        program().toString(),
                        "--uid",
                        "249999",
                        "--gid",
                        "249999",
                        "--pid-file",
                        pidFile.toString(),
                        "--log",
                        log.toString(),
                        "--",
                        "/bin/echo",
                        "x")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                .contains("Too many levels of symbolic links");
        assertThat(process.waitFor()).isEqualTo(71);
        assertThat(victim).isEmptyFile();
    }

    @Test
    void aMissingLauncherIsNamed() {
        VmmLauncher.Launch launch =
                new VmmLauncher.Launch(UID, null, List.of(), null, false, Map.of(), pidFile, log, List.of("/bin/true"));
        assertThatThrownBy(() -> new VmmLauncher(Path.of("/nonexistent/vmm-launch")).start(launch))
                .hasMessageContaining("/nonexistent/vmm-launch is not there: run script/build first");
    }
}
