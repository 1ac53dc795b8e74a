package dev.godwit.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.linux.Pidfd;
import dev.godwit.linux.SparseFile;
import dev.godwit.linux.Userfaultfd;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SinkPages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The hand-over between a real process under the preload and the receiver, and every way it can go wrong. */
class RamHandOverTest {
    private static final int PAGES = 256;
    private static final long RAM_BYTES = (long) PAGES * Pages.PAGE_BYTES;
    private static final int ABORTED = 128 + 6;
    private static final int NOBODY = 65534;
    private static final Duration PATIENT = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    static Path folder;

    private static Path program = Path.of("/");

    private final Path ramFile =
            Path.of("/dev/shm/godwit-hand-over-" + ProcessHandle.current().pid());

    @BeforeAll
    static void compile() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        program = RamWriter.compile(folder);
    }

    @BeforeEach
    void makeARamFile() throws IOException {
        SparseFile.create(ramFile, RAM_BYTES).close();
    }

    @AfterEach
    void removeIt() throws IOException {
        Files.delete(ramFile);
    }

    @Test
    void withoutAReceiverTheProcessEndsAndSaysWhy() throws Exception {
        RamHandOver gone = listen();
        Map<String, String> environment = gone.environment(RamWriter.preload(), PATIENT);
        gone.close();
        try (RamWriter vmm = start(environment)) {
            assertThat(vmm.awaitExit(PATIENT)).isEqualTo(ABORTED);
            assertThat(vmm.stderr())
                    .isEqualTo("godwit ram-handover: hostd does not take the guest RAM at " + folder
                            + "/ram.sock: No such file or directory; is hostd running?\n");
        }
    }

    @Test
    void aReceiverThatDoesNotAnswerInTimeMakesTheProcessEnd() throws Exception {
        try (RamHandOver silent = listen();
                RamWriter vmm = start(silent.environment(RamWriter.preload(), SHORT))) {
            assertThat(vmm.awaitExit(PATIENT)).isEqualTo(ABORTED);
            assertThat(vmm.stderr()).contains("hostd did not take the guest RAM over within 300 ms; see its log");
        }
    }

    @Test
    void aReceiverThatRefusesMakesTheProcessEnd() throws Exception {
        Path socket = folder.resolve("ram.sock");
        try (RamHandOver expectsMore = RamHandOver.listen("vm1", ramFile, 2 * RAM_BYTES, socket, 0);
                RamWriter vmm = start(expectsMore.environment(RamWriter.preload(), PATIENT))) {
            assertThatThrownBy(() -> expectsMore.await(vmm.pid(), PATIENT))
                    .hasMessage("VM vm1: can't track its RAM: process " + vmm.pid() + " maps " + RAM_BYTES
                            + " bytes of " + ramFile + ", the VM has " + 2 * RAM_BYTES);
            assertThat(vmm.awaitExit(PATIENT)).isEqualTo(ABORTED);
            assertThat(vmm.stderr()).contains("hostd refused the guest RAM; see its log for why");
        }
    }

    @Test
    void anAnswerThatIsNotTheOneByteIsARefusal() throws Exception {
        try (RamHandOver handOver = listen()) {
            Map<String, String> environment = new HashMap<>(handOver.environment(RamWriter.preload(), PATIENT));
            Path other = folder.resolve("other.sock");
            environment.put("GODWIT_RAM_SOCKET", other.toString());
            try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                            .bind(UnixDomainSocketAddress.of(other));
                    RamWriter vmm = start(environment);
                    SocketChannel accepted = server.accept()) {
                accepted.write(ByteBuffer.wrap(new byte[] {'0'}));
                assertThat(vmm.awaitExit(PATIENT)).isEqualTo(ABORTED);
                assertThat(vmm.stderr()).contains("hostd refused the guest RAM");
            } finally {
                Files.delete(other);
            }
        }
    }

    @Test
    void aMessageThatNamesOtherMemoryThanTheVmmsIsRefused() throws Exception {
        for (String lie : List.of("base_host_virt_addr\":1", "size\":1", "page_size\":1", "offset\":1")) {
            Path between = folder.resolve("between.sock");
            try (RamHandOver handOver = listen();
                    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                            .bind(UnixDomainSocketAddress.of(between))) {
                Map<String, String> environment = new HashMap<>(handOver.environment(RamWriter.preload(), PATIENT));
                environment.put("GODWIT_RAM_SOCKET", between.toString());
                try (RamWriter vmm = start(environment);
                        SocketChannel accepted = server.accept();
                        SocketChannel onward =
                                SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("ram.sock")))) {
                    ByteBuffer truth = ByteBuffer.allocate(4096);
                    accepted.read(truth);
                    String message = StandardCharsets.UTF_8.decode(truth.flip()).toString();
                    String field = lie.substring(0, lie.indexOf('"'));
                    onward.write(StandardCharsets.UTF_8.encode(
                            message.replaceAll("\"" + field + "\":\\d+", "\"" + lie + "7")));
                    assertThatThrownBy(() -> handOver.await(vmm.pid(), PATIENT))
                            .hasMessageStartingWith(
                                    "VM vm1: the hand-over of its RAM says " + field + " 17, expected ");
                }
            } finally {
                Files.delete(between);
            }
        }
    }

    @Test
    void missingPagesAreCaughtWhenTheVmIsRestoredLazily() throws Exception {
        try (RamHandOver handOver = listen()) {
            Map<String, String> environment = new HashMap<>(handOver.environment(RamWriter.preload(), PATIENT));
            environment.put("GODWIT_RAM_MISSING", "1");
            long features = TrackedMemory.FEATURES | Userfaultfd.FEATURE_MISSING_SHMEM;
            try (RamWriter vmm = start(environment);
                    TrackedMemory memory = handOver.await(vmm.pid(), PATIENT);
                    Pidfd process = Pidfd.open(vmm.pid());
                    Userfaultfd uffd = Userfaultfd.takeFrom(process, features);
                    Arena arena = Arena.ofConfined()) {
                vmm.mapped();
                SinkPages sink = memory.dirtySets().open("peer");
                CompletableFuture<String> answer = vmm.ask("read 5");
                Awaitility.await("the VMM waits for page 5").atMost(PATIENT).until(() -> pendingFaults(vmm.pid()) == 1);

                long page5 = RamMapping.find(vmm.pid(), ramFile).address() + 5 * Pages.PAGE_BYTES;
                uffd.copy(
                        page5,
                        arena.allocate(Pages.PAGE_BYTES, Pages.PAGE_BYTES).fill((byte) 9));

                assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo("9");
                memory.scan();
                assertThat(sink.dirtyCount()).isZero();
            }
        }
    }

    private static long pendingFaults(long pid) throws IOException {
        Path proc = Path.of("/proc/" + pid);
        try (Stream<Path> open = Files.list(proc.resolve("fd"))) {
            for (Path link : open.toList()) {
                if (Files.readSymbolicLink(link).toString().equals(Userfaultfd.LINK)) {
                    String info = Files.readString(proc.resolve("fdinfo").resolve(link.getFileName()));
                    return info.lines()
                            .filter(line -> line.startsWith("pending:"))
                            .mapToLong(line -> Long.parseLong(line.substring(8).strip()))
                            .sum();
                }
            }
        }
        throw new IOException("process " + pid + " holds no userfaultfd");
    }

    @Test
    void aVmmThatHandsNothingOverIsNamedWithWhatToCheck() throws Exception {
        try (RamHandOver handOver = listen();
                RamWriter vmm = start(Map.of())) {
            vmm.mapped();
            assertThatThrownBy(() -> handOver.await(vmm.pid(), SHORT))
                    .hasMessageContaining("VM vm1: its VMM (process " + vmm.pid() + ") did not hand the RAM in "
                            + ramFile + " over at " + folder + "/ram.sock within 300 ms")
                    .hasMessageContaining("LD_PRELOAD")
                    .hasMessageContaining("share=on");
        }
    }

    @Test
    void aVmmThatEndsBeforeItsHandOverIsNotWaitedFor() throws Exception {
        try (RamHandOver handOver = listen()) {
            Process gone = new ProcessBuilder("sleep", "0.1").start();
            long before = System.nanoTime();
            assertThatThrownBy(() -> handOver.await(gone.pid(), PATIENT))
                    .hasMessageContaining("(process " + gone.pid() + ") ended before it handed its RAM over");
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(PATIENT);
        }
    }

    @Test
    void aProcessWithoutTheEnvironmentIsLeftAlone() throws Exception {
        try (RamWriter vmm = start(Map.of("LD_PRELOAD", RamWriter.preload().toString()))) {
            vmm.mapped();
            assertThat(vmm.say("write 1 1")).isEqualTo("ok");
            assertThat(vmm.stderr()).isEmpty();
        }
    }

    @Test
    void garbageOnTheSocketIsRefusedWithWhatItWas() throws Exception {
        for (String garbage : List.of(
                "nonsense]",
                "[]",
                "[1]",
                "{\"size\":1}]",
                "[{\"base_host_virt_addr\":4096,\"size\":1048576,\"offset\":0,\"page_size\":4096}]",
                "x".repeat(5000))) {
            try (RamHandOver handOver = listen();
                    RamWriter vmm = start(handOver.environment(RamWriter.preload(), SHORT), stopped());
                    SocketChannel stranger =
                            SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("ram.sock")))) {
                stranger.write(ByteBuffer.wrap(garbage.getBytes(StandardCharsets.UTF_8)));
                stranger.shutdownOutput();
                assertThatThrownBy(() -> handOver.await(vmm.pid(), PATIENT))
                        .isInstanceOf(IOException.class)
                        .hasMessageStartingWith("VM vm1: ");
            }
        }
    }

    @Test
    void aBadTimeOutInTheEnvironmentIsAnErrorWithItsValue() throws Exception {
        try (RamHandOver handOver = listen()) {
            Map<String, String> environment = new HashMap<>(handOver.environment(RamWriter.preload(), PATIENT));
            environment.put("GODWIT_RAM_TIMEOUT_MS", "soon");
            try (RamWriter vmm = start(environment)) {
                assertThat(vmm.awaitExit(PATIENT)).isEqualTo(ABORTED);
                assertThat(vmm.stderr())
                        .contains("GODWIT_RAM_TIMEOUT_MS=\"soon\" is not a number between 0 and 600000");
            }
        }
    }

    @Test
    void aProcessOfAnotherUserUsesTheInheritedDeviceAndIsTracked() throws Exception {
        Files.setAttribute(ramFile, "unix:uid", NOBODY);
        Path socket = folder.resolve("ram.sock");
        try (RamHandOver handOver = RamHandOver.listen("vm1", ramFile, RAM_BYTES, socket, NOBODY)) {
            Map<String, String> environment = new HashMap<>(handOver.environment(RamWriter.preload(), PATIENT));
            environment.put("GODWIT_UFFD_DEV_FD", "9");
            try (RamWriter vmm = start(environment, asNobody("9<>/dev/userfaultfd"));
                    TrackedMemory memory = handOver.await(vmm.pid(), PATIENT)) {
                vmm.mapped();
                assertThat(Files.getAttribute(Path.of("/proc/" + vmm.pid()), "unix:uid"))
                        .isEqualTo(NOBODY);
                SinkPages sink = memory.dirtySets().open("peer");
                vmm.say("write 5 1");
                memory.scan();
                assertThat(sink.dirtyCount()).isEqualTo(1);
                assertThat(Path.of("/proc/" + vmm.pid() + "/fd/9")).doesNotExist();
            }
        }
    }

    @Test
    void aProcessOfAnotherUserWithoutTheDeviceEndsAndSaysWhatItNeeds() throws Exception {
        Files.setAttribute(ramFile, "unix:uid", NOBODY);
        Path socket = folder.resolve("ram.sock");
        try (RamHandOver handOver = RamHandOver.listen("vm1", ramFile, RAM_BYTES, socket, NOBODY);
                RamWriter vmm = start(handOver.environment(RamWriter.preload(), PATIENT), asNobody(""))) {
            assertThat(vmm.awaitExit(PATIENT)).isEqualTo(ABORTED);
            assertThat(vmm.stderr())
                    .contains("can't make a userfaultfd by the system call (and /dev/userfaultfd can't be opened): "
                            + "Operation not permitted; start the VMM with GODWIT_UFFD_DEV_FD");
        }
    }

    @Test
    void aProcessThatIsNotUnderThePreloadCanNotBeAdopted() throws Exception {
        try (RamWriter vmm = start(Map.of())) {
            vmm.mapped();
            assertThatThrownBy(() -> TrackedMemory.adopt("vm1", vmm.pid(), ramFile, RAM_BYTES))
                    .hasMessage("VM vm1: can't track its RAM: process " + vmm.pid()
                            + " holds no userfaultfd with features 0xa000 among its descriptors");
            assertThatThrownBy(() -> TrackedMemory.adopt("vm1", vmm.pid(), folder.resolve("ram_writer"), RAM_BYTES))
                    .hasMessageContaining("privately, in pieces or twice");
            assertThatThrownBy(() -> TrackedMemory.adopt("vm1", vmm.pid(), Path.of("/etc/hostname"), RAM_BYTES))
                    .hasMessageEndingWith("process " + vmm.pid() + " does not map the RAM file /etc/hostname");
        }
    }

    @Test
    void theSocketBelongsToTheVmmsUserAloneAndIsRemoved() throws IOException {
        Path socket = folder.resolve("ram.sock");
        Files.writeString(socket, "left over");
        try (RamHandOver handOver = RamHandOver.listen("vm1", ramFile, RAM_BYTES, socket, NOBODY)) {
            assertThat(Files.getAttribute(socket, "unix:uid")).isEqualTo(NOBODY);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-------");
            assertThat(handOver.environment(RamWriter.preload(), SHORT))
                    .containsEntry("GODWIT_RAM_FILE", ramFile.toString());
        }
        assertThat(socket).doesNotExist();
    }

    private RamHandOver listen() throws IOException {
        return RamHandOver.listen("vm1", ramFile, RAM_BYTES, folder.resolve("ram.sock"), 0);
    }

    private RamWriter start(Map<String, String> environment, String... prefix) throws IOException {
        return RamWriter.start(program, ramFile, PAGES, environment, folder.resolve("stderr"), prefix);
    }

    /** The command waits until its stdin ends, so it never connects in a test that does so itself. */
    private static String[] stopped() {
        return new String[] {"sh", "-c", "read line", "sh"};
    }

    /** Runs the command as another user with a descriptor that root opened, as the launcher does. */
    private static String[] asNobody(String redirection) {
        String script = "exec setpriv --reuid=" + NOBODY + " --regid=" + NOBODY + " --clear-groups \"$0\" \"$@\" "
                + redirection;
        return new String[] {"sh", "-c", script};
    }
}
