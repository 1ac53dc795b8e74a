package dev.godwit.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The cached image under QEMU's emulation: from power-on to a compiler's answer, and back to power-off. */
class BootTest {
    private static final Duration BOOT = Duration.ofSeconds(120);
    /** Without the cache it downloads and packs a Debian. */
    private static final Duration BUILD = Duration.ofMinutes(15);

    @TempDir
    Path directory;

    @Test
    @Timeout(1200)
    void theImageBootsTakesItsIdentityAndCompiles() throws Exception {
        Path image = image();
        Path disk = directory.resolve("disk.raw");
        copySparse(image.resolve("disk.raw"), disk);
        try (RandomAccessFile larger = new RandomAccessFile(disk.toFile(), "rw")) {
            larger.setLength(4L << 30);
        }
        long from = System.nanoTime();
        Process qemu = qemu(image, disk);
        try (GuestChannel channel = GuestChannel.open("boot", directory.resolve("guestd.sock"))) {
            channel.awaitReady(BOOT);
            Duration boot = Duration.ofNanos(System.nanoTime() - from);
            System.out.println("boot to guestd's greeting: " + boot.toMillis() + " ms, ping "
                    + channel.ping().roundTrip().toNanos() / 1000 + " us");
            identityIsTaken(channel);
            filesAndCompilerWork(channel);
            channel.shutdown();
            assertThat(qemu.waitFor(60, TimeUnit.SECONDS)).as("powered off").isTrue();
        } finally {
            qemu.destroyForcibly().waitFor();
        }
        assertThat(Files.readString(directory.resolve("console.log"))).contains("guestd: powering off");
        assertThat(run("e2fsck", "-fn", disk.toString())).as("e2fsck").isZero();
    }

    private static void identityIsTaken(GuestChannel channel) throws Exception {
        GuestNetwork network = new GuestNetwork(
                "52:54:00:12:34:57",
                1370,
                List.of(
                        new GuestNetwork.Address(InetAddress.ofLiteral("10.7.0.5"), 24),
                        new GuestNetwork.Address(InetAddress.ofLiteral("fd00::5"), 64)),
                List.of(InetAddress.ofLiteral("10.7.0.1"), InetAddress.ofLiteral("fd00::1")),
                Optional.empty());
        ResumeRequest request = new ResumeRequest("vm-boot", 7, Optional.of(network));
        channel.resume(request);
        // The same again changes nothing and does not step the clock back.
        Instant before = channel.ping().guestTime();
        channel.resume(request);
        Instant guest = channel.ping().guestTime();
        assertThat(guest).isAfter(before);
        assertThat(Duration.between(guest, Instant.now()).abs()).isLessThan(Duration.ofSeconds(2));
        channel.exec(ExecRequest.of(
                "id", "sh", "-c", "hostname; ip -o addr show eth0; ip link show eth0; ip route; ip -6 route"));
        String text = Streams.text(channel, "id", OutStream.STDOUT);
        assertThat(text)
                .startsWith("vm-boot\n")
                .contains("10.7.0.5/24", "fd00::5/64", "52:54:00:12:34:57", "mtu 1370", "default via 10.7.0.1")
                .contains("default via fd00::1");
    }

    private void filesAndCompilerWork(GuestChannel channel) throws Exception {
        Path source = directory.resolve("a.c");
        Files.writeString(source, "#include <stdio.h>\nint main(void) { puts(\"compiled\"); return 42; }\n");
        channel.put(source, "/build/a.c", 0644);
        channel.exec(ExecRequest.of("gcc", "sh", "-c", "gcc --version && cd /build && gcc -O1 -o a a.c && ./a"));
        assertThat(Streams.text(channel, "gcc", OutStream.STDOUT))
                .startsWith("gcc (Debian")
                .endsWith("compiled\n");
        assertThat(channel.await("gcc", BOOT)).isEqualTo(new ExecState.Exited(42));
        channel.exec(ExecRequest.of("df", "sh", "-c", "df --output=size -B1M / | tail -1"));
        assertThat(Integer.parseInt(
                        Streams.text(channel, "df", OutStream.STDOUT).strip()))
                .as("MiB of the root, grown to the disk's 4096")
                .isGreaterThan(3500);
    }

    private Process qemu(Path image, Path disk) throws IOException {
        JsonNode manifest =
                new ObjectMapper().readTree(image.resolve("manifest.json").toFile());
        return new ProcessBuilder(
                        "qemu-system-x86_64",
                        "-nodefaults",
                        "-no-user-config",
                        "-display",
                        "none",
                        "-no-reboot",
                        "-M",
                        "pc-i440fx-7.2",
                        "-accel",
                        "tcg,tb-size=128",
                        "-cpu",
                        "Nehalem",
                        "-smp",
                        "1",
                        "-m",
                        "512",
                        "-serial",
                        "file:" + directory.resolve("console.log"),
                        "-device",
                        "virtio-serial-pci,id=vs0",
                        "-chardev",
                        "socket,id=ag,path=" + directory.resolve("guestd.sock") + ",server=on,wait=off",
                        "-device",
                        "virtserialport,bus=vs0.0,chardev=ag,name=org.godwit.guestd.0",
                        "-netdev",
                        "user,id=n0,restrict=on",
                        "-device",
                        "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56",
                        "-blockdev",
                        "driver=file,node-name=d0,filename=" + disk,
                        "-device",
                        "virtio-blk-pci,drive=d0,id=vd0",
                        "-kernel",
                        image.resolve("vmlinuz").toString(),
                        "-initrd",
                        image.resolve("initrd.img").toString(),
                        "-append",
                        // As the driver does under emulation: a TSC that was measured on a busy machine runs wrong for
                        // life.
                        manifest.get("kernelArguments").asText() + " clocksource=acpi_pm")
                .inheritIO()
                .start();
    }

    /** What the recipe makes now, from its cache where it has made it before. */
    private Path image() throws Exception {
        Path image = directory.resolve("image");
        Path recipe = Path.of(System.getProperty("godwit.root"), "images/debian-ci/build");
        Process build = new ProcessBuilder(recipe.toString(), image.toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(build.waitFor(BUILD.toSeconds(), TimeUnit.SECONDS))
                .as("the image's build ends")
                .isTrue();
        assertThat(build.exitValue()).as("status of the image's build").isZero();
        return image;
    }

    private static void copySparse(Path from, Path to) throws Exception {
        assertThat(run("cp", "--sparse=always", "--no-preserve=mode", from.toString(), to.toString()))
                .isZero();
    }

    private static int run(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }
}
