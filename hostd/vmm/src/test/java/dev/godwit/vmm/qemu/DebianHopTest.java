package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.VmmSpec;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The guest image that VMs get, with all its devices; only where the image has been built. */
class DebianHopTest {
    private static final Logger LOG = LoggerFactory.getLogger(DebianHopTest.class);
    private static final Duration BOOT_LIMIT = Duration.ofSeconds(90);
    private static final int HOPS = 4;
    private static final int FRAME_HEADER_BYTES = 40;
    private static final byte HELLO = 1;
    private static final int HELLO_ACK = 0x82;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aDebianGuestBootsMovesAndAnswers(int vcpus) throws Exception {
        Path image = image();
        try (TestHost host = new TestHost(
                        TestHost.SOON,
                        List.of(
                                "--filter=cow",
                                "file",
                                image.resolve("disk.raw").toString()));
                TestTap one = new TestTap("gwqd0");
                TestTap two = new TestTap("gwqd1")) {
            VmmSpec from = spec(host, image, 1, vcpus, false, one);
            long started = System.nanoTime();
            Vmm source = host.start(from);
            Vmm booting = source;
            Awaitility.await()
                    .atMost(BOOT_LIMIT)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> greet(booting, 1));
            LOG.info(
                    "guestd answers {} ms after the start of {} vCPUs: {}",
                    (System.nanoTime() - started) / 1_000_000,
                    vcpus,
                    Files.readString(source.consoleLog()).strip());
            List<Hop> hops = new ArrayList<>();
            for (int i = 2; i < 2 + HOPS; i++) {
                VmmSpec to = spec(host, image, i, vcpus, true, i % 2 == 0 ? two : one);
                Vmm target = host.start(to);
                Hop hop = new Hop();
                hop.run(source, target, from, to);
                LOG.info("hop {}: {}", i - 1, hop);
                hops.add(hop);
                int session = i;
                Awaitility.await()
                        .atMost(TestHost.SOON)
                        .pollInterval(Duration.ofMillis(5))
                        .until(() -> greet(target, session));
                target.announce();
                assertThat(Files.readString(target.consoleLog())).isEmpty();
                source.end(TestHost.GRACE);
                source = target;
                from = to;
            }
            LOG.info(
                    "blackout ms: {}",
                    hops.stream().map(hop -> hop.blackout() / 1000 / 1000.0).toList());
        }
    }

    @Test
    void aGuestWhoseDiskIsFullMovesWithItsRequestsAndGoesOnWhereThereIsRoom() throws Exception {
        Path image = image();
        Path full = Files.createTempFile("gwq", "full");
        try (TestHost host = new TestHost(
                        TestHost.SOON,
                        List.of(
                                "--filter=error",
                                "--filter=cow",
                                "file",
                                image.resolve("disk.raw").toString(),
                                "error=ENOSPC",
                                "error-rate=100%",
                                "error-file=" + full));
                TestTap one = new TestTap("gwqd0");
                TestTap two = new TestTap("gwqd1")) {
            Files.delete(full);
            VmmSpec from = spec(host, image, 1, 1, false, one);
            Vmm source = host.start(from);
            Files.createFile(full);
            Awaitility.await().atMost(BOOT_LIMIT).until(() -> source.status() == Vmm.Status.IO_ERROR);
            assertThat(source.diskIsFull()).isTrue();
            VmmSpec to = spec(host, image, 2, 1, true, two);
            Files.delete(full);
            Vmm target = host.start(to);
            Files.createFile(full);
            Hop hop = new Hop();
            hop.untilLoaded(source, target, from, to);
            assertThat(target.status()).isEqualTo(Vmm.Status.IO_ERROR);
            Files.delete(full);
            target.resume();
            Awaitility.await()
                    .atMost(BOOT_LIMIT)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> greet(target, 1));
            assertThat(Files.readString(target.consoleLog()))
                    .contains("root is")
                    .doesNotContain("error");
        } finally {
            Files.deleteIfExists(full);
        }
    }

    private static VmmSpec spec(TestHost host, Path image, int number, int vcpus, boolean incoming, TestTap tap) {
        return host.spec(
                number,
                incoming,
                vcpus,
                512,
                image.resolve("vmlinuz"),
                image.resolve("initrd.img"),
                new VmmSpec.TapSpec(tap.name(), "02:67:77:00:00:02"));
    }

    /** What the recipe makes now, where a VM's user can get at it. */
    private Path image() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path out = directory.resolve("image");
        Process build = new ProcessBuilder(
                        Path.of(System.getProperty("godwit.root"), "images/debian-ci/build")
                                .toString(),
                        out.toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(build.waitFor(15, TimeUnit.MINUTES))
                .as("the image's build ends")
                .isTrue();
        assertThat(build.exitValue()).as("status of the image's build").isZero();
        return out;
    }

    /** One HELLO over the guest's socket; true when guestd acknowledges it within 2 s. */
    private static boolean greet(Vmm vmm, long session) throws Exception {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(vmm.guestSocket()));
                var reader = Executors.newVirtualThreadPerTaskExecutor()) {
            channel.write(hello(session));
            ByteBuffer answer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
            var read = reader.submit(() -> {
                while (answer.position() < FRAME_HEADER_BYTES && channel.read(answer) >= 0) {
                    // Until a whole header is there.
                }
                return answer.position() >= FRAME_HEADER_BYTES
                        && (answer.get(5) & 0xff) == HELLO_ACK
                        && answer.getLong(16) == session;
            });
            try {
                return read.get(2, TimeUnit.SECONDS);
            } catch (java.util.concurrent.TimeoutException | java.util.concurrent.ExecutionException notYet) {
                channel.close();
                return false;
            }
        }
    }

    private static ByteBuffer hello(long session) {
        byte[] name = "vm".getBytes(StandardCharsets.UTF_8);
        ByteBuffer payload = ByteBuffer.allocate(4 + name.length).order(ByteOrder.LITTLE_ENDIAN);
        payload.putInt(name.length).put(name);
        ByteBuffer frame =
                ByteBuffer.allocate(FRAME_HEADER_BYTES + payload.capacity()).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(0x31475747).put((byte) 1).put(HELLO).putShort((short) 0);
        frame.putInt(payload.capacity()).putInt(0).putLong(session).putLong(0);
        frame.putInt(crc(payload.array(), payload.capacity()));
        frame.putInt(crc(frame.array(), 36));
        return frame.put(payload.array()).flip();
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
