package dev.godwit.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.volume.BaseImage;
import dev.godwit.volume.DiskVolume;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs that people use on NBD, against a disk of base and overlay. */
class RealClientsTest {
    private static final long SEED = 0x9e4l;
    private static final int SIZE = 64 << 20;
    private static final int BASE_SIZE = 24 << 20;

    @TempDir
    Path folder;

    private BaseImage base = BaseImage.empty();
    private DiskVolume volume;
    private NbdServer server;
    private String uri = "";

    @BeforeEach
    void serveADisk() throws IOException {
        byte[] content = new byte[BASE_SIZE];
        new SplittableRandom(SEED).nextBytes(content);
        Files.write(folder.resolve("base.raw"), content);
        base = BaseImage.open(folder.resolve("base.raw"), "sha256:base");
        volume = DiskVolume.create(Files.createDirectory(folder.resolve("disk")), SIZE, base);
        Path socket = folder.resolve("s");
        server = NbdServer.listen(socket);
        server.export(new NbdExport("disk", "vm-1", 1, new VolumeDevice(volume), ExportMode.READ_WRITE));
        uri = "nbd+unix:///disk?socket=" + socket;
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        volume.close();
        base.close();
    }

    private String io(String... commands) throws IOException, InterruptedException {
        String[] all = new String[6 + 2 * commands.length];
        System.arraycopy(new String[] {"qemu-io", "-f", "raw", "-d", "unmap", uri}, 0, all, 0, 6);
        for (int i = 0; i < commands.length; i++) {
            all[6 + 2 * i] = "-c";
            all[7 + 2 * i] = commands[i];
        }
        String output = Tool.ok(all);
        assertThat(output).doesNotContainIgnoringCase("failed").doesNotContain("error");
        return output;
    }

    @Test
    void qemuIoReadsWhatItWroteOverTheBase() throws Exception {
        io(
                "write -P 0x11 1M 3M",
                "write -P 0x22 1000k 100k",
                "write -z -u 2M 640k",
                "discard 3M 256k",
                "write -f -P 0x33 23M 2M",
                "flush",
                "read -P 0x22 1000k 100k",
                "read -P 0x11 1100k 948k",
                "read -P 0 2M 640k",
                "read -P 0 3M 256k",
                "read -P 0x33 23M 2M",
                "read -P 0 26M 30M");
        assertThat(io("aio_write -P 0x44 0 1M", "aio_write -P 0x55 8M 64k", "aio_flush", "read -P 0x44 0 1M"))
                .contains("read 1048576/1048576");
    }

    /** What a VMM does at the target: it opens its disk for writing and reads, long before it may write. */
    @Test
    void qemuOpensATargetBeforeCommitForWritingAndItsWriteIsRefusedUntilThen() throws Exception {
        NbdExport target = new NbdExport("target", "vm-1", 2, new VolumeDevice(volume), ExportMode.BEFORE_COMMIT);
        server.export(target);
        String to = uri.replace("disk?", "target?");

        Tool early = Tool.run("qemu-io", "-f", "raw", "-c", "read 0 512", "-c", "write 0 512", to);
        assertThat(early.output()).contains("read 512/512").contains("Operation not permitted");
        assertThat(target.writesBeforeCommit()).isEqualTo(1);

        target.open();
        assertThat(Tool.ok("qemu-io", "-f", "raw", "-c", "write 0 512", to)).contains("wrote 512/512");
        target.fenceOff();
        assertThat(Tool.run("qemu-io", "-f", "raw", "-c", "read 0 512", to).exit())
                .isNotZero();
    }

    @Test
    void aCopyThroughNbdcopyAndBackIsEqual() throws Exception {
        byte[] content = new byte[SIZE];
        new SplittableRandom(SEED + 1).nextBytes(content);
        java.util.Arrays.fill(content, 5 << 20, 17 << 20, (byte) 0);
        Path in = folder.resolve("in.raw");
        Path out = folder.resolve("out.raw");
        Files.write(in, content);

        Tool.ok("nbdcopy", "--flush", in.toString(), uri);
        Tool.ok("nbdcopy", uri, out.toString());

        assertThat(Files.mismatch(in, out)).isEqualTo(-1);
        assertThat(Tool.ok("qemu-img", "compare", "-f", "raw", "-F", "raw", uri, in.toString()))
                .contains("identical");
    }

    @Test
    void qemuImgConvertReadsTheDiskByItsAllocation() throws Exception {
        try (RandomAccessFile raw =
                new RandomAccessFile(folder.resolve("expected.raw").toFile(), "rw")) {
            raw.write(Files.readAllBytes(folder.resolve("base.raw")));
            raw.setLength(SIZE);
        }
        Path out = folder.resolve("out.raw");
        Tool.ok("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, out.toString());

        assertThat(Files.mismatch(folder.resolve("expected.raw"), out)).isEqualTo(-1);
        assertThat(Tool.ok("nbdinfo", "--map", uri))
                .containsPattern("0\\s+25165824\\s+0\\s+data")
                .containsPattern("25165824\\s+41943040\\s+3\\s+hole,zero");
    }

    @Test
    void nbdinfoSeesWhatTheServerOffers() throws Exception {
        assertThat(Tool.ok("nbdinfo", uri))
                .contains("export-size: 67108864")
                .contains("protocol: newstyle-fixed without TLS, using structured packets")
                .contains("base:allocation")
                .contains("can_flush: true")
                .contains("can_fua: true")
                .contains("can_trim: true")
                .contains("can_zero: true")
                .contains("can_fast_zero: true")
                .contains("can_multi_conn: true")
                .contains("is_read_only: false")
                .contains("block_size_minimum: 1")
                .contains("block_size_preferred: 4096")
                .contains("block_size_maximum: 33554432");
        assertThat(Tool.ok("nbdinfo", "--list", "nbd+unix:///?socket=" + folder.resolve("s")))
                .contains("export=\"disk\"");
    }

    @Test
    void benchRunsWithManyRequestsInFlight() throws Exception {
        for (String depth : new String[] {"1", "16", "64"}) {
            for (String size : new String[] {"4096", "65536", "1048576"}) {
                assertThat(Tool.ok(
                                "qemu-img",
                                "bench",
                                "-f",
                                "raw",
                                "-t",
                                "none",
                                "-c",
                                "200",
                                "-d",
                                depth,
                                "-s",
                                size,
                                "-w",
                                "--flush-interval",
                                "100",
                                uri))
                        .contains("Run completed");
                assertThat(Tool.ok(
                                "qemu-img",
                                "bench",
                                "-f",
                                "raw",
                                "-t",
                                "none",
                                "-c",
                                "200",
                                "-d",
                                depth,
                                "-s",
                                size,
                                uri))
                        .contains("Run completed");
            }
        }
    }
}
