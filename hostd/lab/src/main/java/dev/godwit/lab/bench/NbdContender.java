package dev.godwit.lab.bench;

import dev.godwit.linux.SparseFile;
import dev.godwit.nbd.ExportMode;
import dev.godwit.nbd.NbdExport;
import dev.godwit.nbd.NbdServer;
import dev.godwit.nbd.VolumeDevice;
import dev.godwit.volume.BaseImage;
import dev.godwit.volume.DiskVolume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** An NBD server that serves one file of its own, called {@code disk}. */
interface NbdContender extends AutoCloseable {
    /** A server starts in milliseconds. */
    Duration START_MAX = Duration.ofSeconds(10);

    Duration LOOK_AGAIN = Duration.ofMillis(5);

    String name();

    /** The file below, whose cache a cold run drops. */
    Path file();

    String uri();

    @Override
    void close() throws IOException;

    /** Godwit: a disk volume with an overlay, in this process as in hostd. */
    static NbdContender ours(Path folder, long sizeBytes) throws IOException {
        Path disk = Files.createDirectories(folder.resolve("ours"));
        BaseImage base = BaseImage.empty();
        DiskVolume volume = DiskVolume.create(disk, sizeBytes, base);
        Path socket = folder.resolve("ours.sock");
        NbdServer server = NbdServer.listen(socket);
        server.export(new NbdExport("disk", "bench", 1, new VolumeDevice(volume), ExportMode.READ_WRITE));
        return new NbdContender() {
            @Override
            public String name() {
                return "godwit";
            }

            @Override
            public Path file() {
                return disk.resolve("overlay.raw");
            }

            @Override
            public String uri() {
                return uriOf(socket);
            }

            @Override
            public void close() throws IOException {
                server.close();
                volume.close();
                base.close();
            }
        };
    }

    /** qemu-nbd as one would start it for a raw file. */
    static NbdContender qemuNbd(Path folder, long sizeBytes) throws IOException {
        Path file = sparse(folder.resolve("qemu-nbd.raw"), sizeBytes);
        Path socket = folder.resolve("qemu-nbd.sock");
        return program(
                "qemu-nbd",
                file,
                socket,
                List.of(
                        "qemu-nbd",
                        "-t",
                        "-f",
                        "raw",
                        "-x",
                        "disk",
                        "-e",
                        "8",
                        "--discard=unmap",
                        "-k",
                        socket.toString(),
                        file.toString()));
    }

    /** nbdkit with its file plugin. */
    static NbdContender nbdkit(Path folder, long sizeBytes) throws IOException {
        Path file = sparse(folder.resolve("nbdkit.raw"), sizeBytes);
        Path socket = folder.resolve("nbdkit.sock");
        return program(
                "nbdkit", file, socket, List.of("nbdkit", "-f", "-U", socket.toString(), "file", file.toString()));
    }

    private static NbdContender program(String name, Path file, Path socket, List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        long deadline = System.nanoTime() + START_MAX.toNanos();
        while (!Files.exists(socket)) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + " made no socket within " + START_MAX.toSeconds()
                        + " s; is " + name + " installed?");
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
        return new NbdContender() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Path file() {
                return file;
            }

            @Override
            public String uri() {
                return uriOf(socket);
            }

            @Override
            public void close() throws IOException {
                process.destroy();
                try {
                    if (!process.waitFor(10, TimeUnit.SECONDS)) {
                        process.destroyForcibly();
                    }
                } catch (InterruptedException stop) {
                    process.destroyForcibly();
                    Thread.currentThread().interrupt();
                }
            }
        };
    }

    private static String uriOf(Path socket) {
        return "nbd+unix:///disk?socket=" + socket;
    }

    private static Path sparse(Path file, long sizeBytes) throws IOException {
        SparseFile.create(file, sizeBytes).close();
        return file;
    }
}
