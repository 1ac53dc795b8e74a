package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.guest.ExecRequest;
import dev.godwit.guest.GuestChannel;
import dev.godwit.guest.ResumeRequest;
import dev.godwit.lab.Command;
import dev.godwit.lab.DistFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What plain QEMU does without more: {@code stop}, {@code migrate} over TCP to a second QEMU, {@code cont} there. The disk
 * is one file that both see, so it costs nothing; whoever has no shared storage pays for the disk too. QEMU's live
 * pre-copy is no peer here: under emulation it misses writes of the guest.
 *
 * <p>For one thread.
 */
final class QemuMover implements Mover {
    private static final Duration BOOT_MAX = Duration.ofMinutes(3);
    private static final Duration WRITER_MAX = Duration.ofMinutes(1);
    private static final Duration LOOK_AT_WRITER_EVERY = Duration.ofMillis(100);
    /** More than any link here carries: QEMU's own bound of 128 MiB/s would be measured otherwise. */
    private static final long BYTES_PER_SECOND = 100L << 30;

    private static final String WRITER = "/usr/local/bin/pages";
    private static final String STATUS = "/run/pages.json";
    private static final String LOOPBACK = "lo";

    private final PlainQemu.Machine machine;
    private final Path folder;
    private final DistFiles dist;
    private PlainQemu running;
    private int processes = 1;
    private @Nullable String writer;

    private QemuMover(PlainQemu.Machine machine, Path folder, DistFiles dist, PlainQemu running) {
        this.machine = machine;
        this.folder = folder;
        this.dist = dist;
        this.running = running;
    }

    /**
     * Boots a guest of an image.
     *
     * @param folder where its disk, sockets and logs go
     */
    static QemuMover boot(
            Path image, String accelerator, int vcpus, int memoryMib, int diskMib, Path folder, DistFiles dist)
            throws IOException, InterruptedException {
        Path disk = folder.resolve("disk.qcow2");
        Command.of(
                        "qemu-img",
                        "create",
                        "-q",
                        "-f",
                        "qcow2",
                        "-F",
                        "raw",
                        "-b",
                        image.resolve("disk.raw").toString(),
                        disk.toString(),
                        diskMib + "M")
                .run();
        String arguments = new ObjectMapper()
                        .readTree(image.resolve("manifest.json").toFile())
                        .path("kernelArguments")
                        .asText()
                + (accelerator.startsWith("tcg") ? " clocksource=acpi_pm" : "");
        PlainQemu.Machine machine = new PlainQemu.Machine(accelerator, vcpus, memoryMib, image, arguments, disk);
        PlainQemu qemu = PlainQemu.start(machine, folder, "peer-1", false);
        QemuMover mover = new QemuMover(machine, folder, dist, qemu);
        try {
            qemu.guest().awaitReady(BOOT_MAX);
            qemu.guest().resume(new ResumeRequest("peer", 1, Optional.empty()));
            return mover;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            mover.close();
            throw failed;
        }
    }

    @Override
    public String name() {
        return "qemu stop+migrate";
    }

    @Override
    public Cost move() throws IOException, InterruptedException {
        PlainQemu target = PlainQemu.start(machine, folder, "peer-" + ++processes, true);
        try {
            int port = freePort();
            String uri = "tcp:127.0.0.1:" + port;
            target.qmp().execute("migrate-incoming", QmpSession.arguments().put("uri", uri));
            running.qmp()
                    .execute("migrate-set-parameters", QmpSession.arguments().put("max-bandwidth", BYTES_PER_SECOND));
            long bytesBefore = loopbackBytes();
            long begin = System.nanoTime();
            running.qmp().execute("stop");
            running.qmp().execute("migrate", QmpSession.arguments().put("uri", uri));
            running.await("query-migrate", "completed");
            target.await("query-status", "paused");
            target.qmp().execute("cont");
            double millis = (System.nanoTime() - begin) / 1e6;
            long bytes = loopbackBytes() - bytesBefore;
            running.close();
            running = target;
            running.guest().awaitReady(BOOT_MAX);
            return new Cost(millis, millis, bytes);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            target.close();
            throw failed;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocketChannel free = ServerSocketChannel.open()) {
            free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return ((InetSocketAddress) free.getLocalAddress()).getPort();
        }
    }

    /** Bytes sent over the loopback of this network namespace, which carries nothing else. Source: proc(5). */
    private static long loopbackBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/thread-self/net/dev"))) {
            String[] parts = line.strip().split("[:\\s]+", -1);
            if (parts[0].equals(LOOPBACK)) {
                return Long.parseLong(parts[9]);
            }
        }
        throw new IOException("this network namespace has no loopback device");
    }

    @Override
    public void startWriter() throws IOException, InterruptedException {
        GuestChannel guest = running.guest();
        guest.put(dist.probe("pages"), WRITER, 0755);
        writer = "writer";
        guest.exec(ExecRequest.of(
                writer,
                WRITER,
                "--mib",
                Integer.toString(WRITER_MIB),
                "--rate",
                Integer.toString(WRITER_PAGES_PER_SECOND),
                "--status",
                STATUS));
        awaitWriter(WRITER_PAGES_FIRST);
    }

    @Override
    public void rest() throws IOException {
        running.qmp().execute("stop");
    }

    @Override
    public void wake() throws IOException, InterruptedException {
        running.qmp().execute("cont");
        if (writer != null) {
            awaitWriter(verified() + WRITER_PAGES_FIRST);
        }
    }

    private void awaitWriter(long wanted) throws IOException, InterruptedException {
        long until = System.nanoTime() + WRITER_MAX.toNanos();
        while (verified() < wanted) {
            if (System.nanoTime() > until) {
                throw new IOException("the page writer in plain QEMU did not verify " + wanted + " pages in time");
            }
            LockSupport.parkNanos(LOOK_AT_WRITER_EVERY.toNanos());
        }
    }

    private long verified() throws IOException, InterruptedException {
        ByteArrayOutputStream status = new ByteArrayOutputStream();
        try {
            running.guest().get(STATUS, status);
        } catch (dev.godwit.guest.GuestRefused notYet) {
            return 0; // the writer has not written its first status: awaitWriter says so if it lasts
        }
        return new ObjectMapper()
                .readTree(status.toString(StandardCharsets.UTF_8))
                .path("verified")
                .asLong();
    }

    @Override
    public void close() throws IOException {
        Objects.requireNonNull(running).close();
    }
}
