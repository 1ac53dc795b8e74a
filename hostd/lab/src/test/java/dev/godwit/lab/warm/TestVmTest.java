package dev.godwit.lab.warm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.godwit.guest.ExecRequest;
import dev.godwit.guest.ExecState;
import dev.godwit.linux.SparseFile;
import dev.godwit.vmm.Vmm;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real guests from saved states. Needs root. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TestVmTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    /** A guest boots in 3 s on a quiet machine, in 40 s and more on a loaded one. */
    private static final Duration BOOT = Duration.ofMinutes(4);

    private static final String IMAGE = "debian-ci";
    private static final String BOOT_ID = "/proc/sys/kernel/random/boot_id";

    @TempDir
    Path directory;

    private TestVmHost host;

    @BeforeAll
    void host() throws IOException {
        Optional<String> lacking = TestVmHost.lacking();
        Assumptions.assumeTrue(lacking.isEmpty(), () -> lacking.orElse(""));
        host = TestVmHost.open();
    }

    @AfterAll
    void end() throws IOException {
        if (host != null) {
            host.close();
        }
    }

    @Test
    void twoGuestsOfOneStateHaveTheirOwnEntropyTimeAndName() throws Exception {
        try (TestVm one = host.start(IMAGE);
                TestVm other = host.start(IMAGE)) {
            String random = "head -c 32 /dev/urandom | sha256sum; cat /proc/sys/kernel/random/uuid";
            assertThat(one.run("sh", "-c", random)).isNotEqualTo(other.run("sh", "-c", random));
            for (TestVm vm : List.of(one, other)) {
                assertThat(vm.run("hostname")).isEqualTo(vm.name() + "\n");
                Instant guest = vm.channel().ping().guestTime();
                assertThat(Duration.between(guest, Instant.now()).abs()).isLessThan(Duration.ofSeconds(2));
            }
            assertThat(one.name()).isNotEqualTo(other.name());
        }
    }

    @Test
    void whatAGuestWritesIsGoneWithItAndItsDiskIsSound() throws Exception {
        try (TestVm one = host.start(IMAGE)) {
            one.run("sh", "-c", "dd if=/dev/urandom of=/root/mine bs=1M count=16 conv=fsync 2>&1");
            one.run("sh", "-c", "echo 3 >/proc/sys/vm/drop_caches; cat /root/mine >/dev/null");
        }
        try (TestVm other = host.start(IMAGE)) {
            assertThat(other.run("ls", "-A", "/root")).doesNotContain("mine");
            // Every page that the guest holds of its programs agrees with the disk below it.
            String sums = "cd /usr/bin && sha256sum gcc-1* as ld bash | sort";
            String held = other.run("sh", "-c", sums);
            assertThat(other.run("sh", "-c", "echo 3 >/proc/sys/vm/drop_caches; " + sums))
                    .isEqualTo(held);
            assertThat(other.run("dmesg", "--level", "err,crit,alert,emerg")).isEmpty();
        }
    }

    @Test
    void aGuestOfTwoCpusUsesBoth() throws Exception {
        try (TestVm vm = host.start(IMAGE, GuestShape.TWO_CPUS)) {
            assertThat(vm.run("nproc")).isEqualTo("2\n");
            assertThat(vm.run("sh", "-c", "taskset -c 0 echo a & taskset -c 1 echo b & wait"))
                    .contains("a", "b");
        }
    }

    @Test
    void aGuestThatRebootsAnswersAgainOnTheSameChannel() throws Exception {
        try (TestVm vm = host.start(IMAGE)) {
            String bootId = vm.run("cat", BOOT_ID);
            vm.run("sh", "-c", "(sleep 1; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 &");
            Awaitility.await()
                    .atMost(BOOT)
                    .pollInterval(Duration.ofMillis(200))
                    .ignoreExceptions()
                    .until(() -> !vm.run("cat", BOOT_ID).equals(bootId));
            assertThat(vm.vmm().status()).isEqualTo(Vmm.Status.RUNNING);
        }
    }

    @Test
    void aGuestWhoseDiskFailsWaitsAndGoesOn() throws Exception {
        AtomicReference<FailingDevice> device = new AtomicReference<>();
        try (TestVm vm = host.start(IMAGE, GuestShape.SMALL, below -> {
            FailingDevice failing = new FailingDevice(below);
            device.set(failing);
            return failing;
        })) {
            List<String> events = new CopyOnWriteArrayList<>();
            vm.vmm().onEvent(event -> events.add(event.name()));
            vm.channel().exec(ExecRequest.of("write", "sh", "-c", """
                    i=0; while [ ! -e /run/stop ]; do i=$((i+1)); echo $i >>/root/kept; sync; echo $i; sleep 0.1; done"""));
            Awaitility.await().atMost(SOON).until(() -> lines(vm, "/root/kept") > 1);
            device.get().fail(true);
            Awaitility.await().atMost(SOON).until(() -> vm.vmm().status() == Vmm.Status.IO_ERROR);
            Awaitility.await().atMost(SOON).until(() -> events.contains("BLOCK_IO_ERROR"));
            device.get().fail(false);
            vm.vmm().resume();
            int atFailure = lines(vm, "/root/kept");
            Awaitility.await().atMost(SOON).until(() -> lines(vm, "/root/kept") > atFailure);
            vm.run("touch", "/run/stop");
            assertThat(vm.channel().await("write", SOON)).isEqualTo(new ExecState.Exited(0));
            int written = lines(vm, "/root/kept");
            assertThat(vm.run("sh", "-c", "echo 3 >/proc/sys/vm/drop_caches; tail -n 1 /root/kept"))
                    .isEqualTo(written + "\n");
            assertThat(vm.run("dmesg", "--level", "err,crit,alert,emerg")).isEmpty();
        }
    }

    private static int lines(TestVm vm, String file) throws IOException {
        return Integer.parseInt(
                vm.run("sh", "-c", "cat " + file + " 2>/dev/null | wc -l").strip());
    }

    @Test
    void nothingIsLeftOfAGuestThatWasClosed() throws Exception {
        VmPlace place;
        try (TestVm vm = host.start(IMAGE)) {
            place = vm.place();
            assertThat(processesOf(place.uid())).hasSize(1);
        }
        assertThat(processesOf(place.uid())).isEmpty();
        assertThat(place.directory()).doesNotExist();
        assertThat(place.ramFile()).doesNotExist();
    }

    private static List<Path> processesOf(int uid) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            return entries.filter(entry -> entry.getFileName().toString().matches("[0-9]+"))
                    .filter(entry -> {
                        try {
                            return (int) Files.getAttribute(entry, "unix:uid") == uid;
                        } catch (IOException gone) {
                            return false; // it ended while it was looked at
                        }
                    })
                    .toList();
        }
    }

    @Test
    void aStateThatTheVmmCanNotUseIsMadeAnewAndTheGuestRuns() throws Exception {
        Path folder = directory.resolve("warm");
        try (TestVmHost own = TestVmHost.open(new SavedStates(folder, 2, InstantSource.system()))) {
            own.start(IMAGE).close();
            Object first = madeAt(folder);
            own.start(IMAGE).close();
            assertThat(madeAt(folder)).isEqualTo(first);

            cutDeviceState(onlyState(folder));
            own.start(IMAGE).close();
            Object second = madeAt(folder);
            assertThat(second).as("the VMM refuses half a device state").isNotEqualTo(first);

            Path description = onlyState(folder).resolve(SavedState.DESCRIPTION);
            Files.writeString(description, Files.readString(description).replace("max_ports=2", "max_ports=3"));
            try (TestVm vm = own.start(IMAGE)) {
                assertThat(vm.run("echo", "well")).isEqualTo("well\n");
            }
            assertThat(madeAt(folder)).as("the state of another command line").isNotEqualTo(second);
        }
    }

    private static Object madeAt(Path folder) throws IOException {
        return Files.getLastModifiedTime(onlyState(folder).resolve(SavedState.DEVICES));
    }

    /** Damage that only the VMM can tell: the check sum is made to fit. */
    private static void cutDeviceState(Path state) throws IOException {
        Path devices = state.resolve(SavedState.DEVICES);
        try (RandomAccessFile file = new RandomAccessFile(devices.toFile(), "rw")) {
            file.setLength(file.length() / 2);
        }
        Path description = state.resolve(SavedState.DESCRIPTION);
        ObjectMapper json = new ObjectMapper();
        ObjectNode told = (ObjectNode) json.readTree(description.toFile());
        try (SparseFile file = SparseFile.openReadOnly(devices)) {
            told.withObject("/checkSums").put(SavedState.DEVICES, SparseCopy.read(file, (offset, bytes) -> {}));
        }
        json.writeValue(description.toFile(), told);
    }

    private static Path onlyState(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> states = entries.filter(Files::isDirectory).toList();
            assertThat(states).hasSize(1);
            return states.getFirst();
        }
    }
}
