package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.Cgroups;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A host for tests with real QEMU: settings, an NBD server, a place for RAM; ends what a test left. */
final class TestHost implements AutoCloseable {
    static final Path NBDKIT = Path.of("/usr/bin/nbdkit");
    static final Duration SOON = Duration.ofSeconds(20);
    static final Duration GRACE = Duration.ofSeconds(5);
    private static final int FIRST_UID = 240_000;

    final Path directory;
    final Path ram;
    final Path nbd;
    final QemuSettings settings;
    final QemuDriver driver;
    final List<Vmm> started = new ArrayList<>();
    private final Process nbdkit;

    TestHost() throws IOException {
        this(SOON);
    }

    TestHost(Duration handOverTimeout) throws IOException {
        this(handOverTimeout, List.of("memory", "64M"));
    }

    /** @param disk arguments of nbdkit */
    TestHost(Duration handOverTimeout, List<String> disk) throws IOException {
        assumePossible();
        directory = open(Files.createTempDirectory(Path.of("/tmp"), "gwq"));
        ram = open(Files.createTempDirectory(Path.of("/dev/shm"), "gwq"));
        nbd = directory.resolve("nbd.sock");
        List<String> server = new ArrayList<>(List.of(NBDKIT.toString(), "-f", "-U", nbd.toString()));
        server.addAll(disk);
        nbdkit = new ProcessBuilder(server)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("nbdkit.log").toFile())
                .start();
        Awaitility.await().atMost(SOON).until(() -> Files.exists(nbd));
        Files.setPosixFilePermissions(nbd, PosixFilePermissions.fromString("rwxrwxrwx"));
        open(Files.write(directory.resolve("counting"), CountingGuest.image()));
        open(Files.createFile(directory.resolve("empty")));
        settings = new QemuSettings(
                QemuSettings.DEFAULT_QEMU,
                built("vmm-launch"),
                built("libgodwit-ram-handover.so"),
                directory.resolve("scratch"),
                Cgroups.detect("qemu-test"),
                handOverTimeout);
        driver = new QemuDriver(settings);
    }

    static void assumePossible() {
        Assumptions.assumeTrue(
                Files.isExecutable(QemuSettings.DEFAULT_QEMU), "no qemu-system-x86_64: install qemu-system-x86");
        Assumptions.assumeTrue(Files.isExecutable(NBDKIT), "no nbdkit: install nbdkit");
        Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/userfaultfd")), "needs root and /dev/userfaultfd");
    }

    static Path built(String name) {
        Path file = Path.of(System.getProperty("godwit.root"), "dist/native", name);
        assertThat(file).as("run script/build first").exists();
        return file;
    }

    static Path open(Path path) throws IOException {
        Files.setPosixFilePermissions(
                path, PosixFilePermissions.fromString(Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--"));
        return path;
    }

    /** A counting guest; number tells VMs of one test apart. */
    VmmSpec spec(int number, boolean incoming) {
        return counting(number, incoming, directory, ram);
    }

    static VmmSpec counting(int number, boolean incoming, Path directory, Path ram) {
        return spec(
                number,
                incoming,
                1,
                96,
                directory.resolve("counting"),
                directory.resolve("empty"),
                null,
                directory,
                ram);
    }

    VmmSpec spec(
            int number,
            boolean incoming,
            int vcpus,
            int memoryMib,
            Path kernel,
            Path initrd,
            VmmSpec.@Nullable TapSpec tap) {
        return spec(number, incoming, vcpus, memoryMib, kernel, initrd, tap, directory, ram);
    }

    private static VmmSpec spec(
            int number,
            boolean incoming,
            int vcpus,
            int memoryMib,
            Path kernel,
            Path initrd,
            VmmSpec.@Nullable TapSpec tap,
            Path directory,
            Path ram) {
        String id = "vm" + number;
        return new VmmSpec(
                id,
                vcpus,
                memoryMib,
                Accelerator.TCG,
                "x86-64-v2-godwit1",
                directory.resolve(id),
                ram.resolve(id),
                kernel,
                initrd,
                "godwit.root=LABEL=root",
                directory.resolve("nbd.sock"),
                "",
                tap,
                FIRST_UID + number,
                id,
                incoming);
    }

    Vmm start(VmmSpec spec) throws IOException {
        Vmm vmm = driver.start(spec);
        started.add(vmm);
        return vmm;
    }

    /** A guest that counts already. */
    Vmm startCounting(int number) throws IOException {
        Vmm vmm = start(spec(number, false));
        awaitCounting(vmm);
        return vmm;
    }

    static void awaitCounting(Vmm vmm) throws IOException {
        long before = CountingGuest.counter(vmm.memory());
        Awaitility.await()
                .pollInterval(Duration.ofMillis(5))
                .atMost(SOON)
                .until(() -> Files.readString(vmm.consoleLog()).startsWith("C")
                        && CountingGuest.counter(vmm.memory()) > before);
    }

    /** The guest has counted on from a number. */
    static void awaitCountingFrom(Vmm vmm, long from) {
        Awaitility.await()
                .pollInterval(Duration.ofMillis(5))
                .atMost(SOON)
                .until(() -> CountingGuest.counter(vmm.memory()) > from);
    }

    void pauseDisk() throws Exception {
        signalDisk("STOP");
    }

    void continueDisk() throws Exception {
        signalDisk("CONT");
    }

    private void signalDisk(String signal) throws Exception {
        new ProcessBuilder("kill", "-" + signal, Long.toString(nbdkit.pid()))
                .start()
                .waitFor();
    }

    /** Nothing of a VM is left: process, control group, sockets, RAM. */
    void assertNothingLeft(VmmSpec spec) throws IOException {
        assertThat(processesOf(spec)).as("processes of user %d", spec.uid()).isEmpty();
        assertThat(settings.cgroups().open(spec.cgroup()).directories())
                .allSatisfy(group -> assertThat(group).doesNotExist());
        assertThat(spec.runDirectory()).doesNotExist();
        assertThat(spec.ramFile()).doesNotExist();
    }

    static List<String> processesOf(VmmSpec spec) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes
                    .filter(path -> path.getFileName().toString().matches("[0-9]+"))
                    .toList()) {
                try {
                    // A zombie is gone; who reaps it is the affair of the machine's init.
                    if (!Files.readString(process.resolve("stat")).contains(") Z ")
                            && (int) Files.getAttribute(process, "unix:uid") == spec.uid()) {
                        found.add(process + " " + Files.readString(process.resolve("cmdline")));
                    }
                } catch (IOException gone) {
                    continue;
                }
            }
        }
        return found;
    }

    @Override
    public void close() throws Exception {
        continueDisk();
        for (Vmm vmm : started) {
            vmm.end(GRACE);
        }
        nbdkit.destroyForcibly().waitFor();
        for (Path tree : List.of(directory, ram)) {
            try (Stream<Path> files = Files.walk(tree)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
