package dev.godwit.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.volume.DiskFull;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** What a request gets, by what its export allows and what its device does. */
class RequestTest extends ServedDisk {
    @Test
    void whatIsWrittenIsReadBackInOneStructuredChunk() throws IOException {
        try (RawClient client = RawClient.connected(socket, "disk")) {
            client.request(Wire.CMD_WRITE, 0, 1, 1000, 5, (byte) 1, (byte) 2, (byte) 3, (byte) 4, (byte) 5);
            assertThat(client.reply().type()).isEqualTo(Wire.REPLY_NONE);
            client.request(Wire.CMD_READ, Wire.CMD_FLAG_DF, 2, 1000, 5);
            RawClient.Reply read = client.reply();

            assertThat(read.type()).isEqualTo(Wire.REPLY_OFFSET_DATA);
            assertThat(read.cookie()).isEqualTo(2);
            assertThat(read.payload().getLong(0)).isEqualTo(1000);
            assertThat(Arrays.copyOfRange(read.payload().array(), 8, 13)).containsExactly(1, 2, 3, 4, 5);
        }
    }

    @Test
    void faultyRequestsGetTheErrorOfTheSpecificationAndTheConnectionGoesOn() throws IOException {
        try (RawClient client = RawClient.connected(socket, "disk")) {
            assertThat(error(client, Wire.CMD_READ, 0, SIZE - 10, 11)).isEqualTo(Wire.EINVAL);
            assertThat(error(client, Wire.CMD_READ, 0, 0, Wire.PAYLOAD_BYTES_MAX + 1))
                    .isEqualTo(Wire.EINVAL);
            assertThat(error(client, Wire.CMD_READ, 0, -1, 10)).isEqualTo(Wire.EINVAL);
            assertThat(error(client, Wire.CMD_READ, 0, 0, 0)).isEqualTo(Wire.EINVAL);
            assertThat(error(client, Wire.CMD_READ, Wire.CMD_FLAG_NO_HOLE, 0, 10))
                    .isEqualTo(Wire.EINVAL);
            assertThat(error(client, Wire.CMD_WRITE, 0, SIZE - 1, 2, (byte) 1, (byte) 2))
                    .isEqualTo(Wire.ENOSPC);
            assertThat(error(client, Wire.CMD_WRITE, Wire.CMD_FLAG_FUA, 0, 0)).isEqualTo(Wire.EINVAL);
            assertThat(error(client, Wire.CMD_WRITE_ZEROES, 0, SIZE, 1)).isEqualTo(Wire.ENOSPC);
            assertThat(error(client, Wire.CMD_TRIM, 0, SIZE, 1)).isEqualTo(Wire.EINVAL);
            assertThat(error(client, 5, 0, 0, 10)).isEqualTo(Wire.EINVAL);
            assertThat(error(client, 77, 0, 0, 10)).isEqualTo(Wire.EINVAL);
            int both = Wire.CMD_FLAG_FAST_ZERO | Wire.CMD_FLAG_NO_HOLE;
            assertThat(error(client, Wire.CMD_WRITE_ZEROES, both, 0, 4096)).isEqualTo(Wire.ENOTSUP);
            assertThat(error(client, Wire.CMD_WRITE_ZEROES, Wire.CMD_FLAG_FAST_ZERO, 0, 4096))
                    .isZero();
            device.failure = new DiskFull(socket, 4096, 0, new IOException("ENOSPC"));
            assertThat(error(client, Wire.CMD_WRITE, 0, 0, 1, (byte) 1)).isEqualTo(Wire.ENOSPC);
            device.failure = new IOException("the medium failed");
            assertThat(error(client, Wire.CMD_READ, 0, 0, 512)).isEqualTo(Wire.EIO);
            assertThat(error(client, Wire.CMD_READ, 0, 0, 1 << 20)).isEqualTo(Wire.EIO);
            assertThat(error(client, Wire.CMD_FLUSH, 0, 0, 0)).isEqualTo(Wire.EIO);
            device.failure = null;
            assertThat(error(client, Wire.CMD_READ, 0, 0, 512)).isZero();
        }
    }

    @Test
    void aFlushCoversEveryWriteThatWasAnsweredBeforeIt() throws IOException {
        try (RawClient client = RawClient.connected(socket, "disk")) {
            SplittableRandom random = new SplittableRandom(SEED);
            for (int round = 1; round <= 50; round++) {
                int writes = 1 + random.nextInt(20);
                for (int i = 0; i < writes; i++) {
                    int length = random.nextInt(5) == 0 ? 100_000 : 4096;
                    client.request(Wire.CMD_WRITE, 0, i, 4096L * i, length, new byte[length]);
                }
                for (int i = 0; i < writes; i++) {
                    assertThat(client.reply().error()).isZero();
                }
                int landed = device.writes.get();
                assertThat(error(client, Wire.CMD_FLUSH, 0, 0, 0)).isZero();
                assertThat(device.flushes.get()).isEqualTo(round);
                assertThat(device.flushed.get()).as("seed %s", SEED).isEqualTo(landed);
            }
        }
    }

    @Test
    void aForcedWriteIsOnTheMediumWhenItIsAnswered() throws IOException {
        try (RawClient client = RawClient.connected(socket, "disk")) {
            error(client, Wire.CMD_WRITE, Wire.CMD_FLAG_FUA, 0, 1, (byte) 1);
            assertThat(device.flushes.get()).isEqualTo(1);
            error(client, Wire.CMD_WRITE_ZEROES, Wire.CMD_FLAG_FUA, 0, 4096);
            assertThat(device.flushes.get()).isEqualTo(2);
            error(client, Wire.CMD_TRIM, Wire.CMD_FLAG_FUA, 0, 4096);
            assertThat(device.flushes.get()).isEqualTo(3);
        }
    }

    @Test
    void aTargetBeforeCommitReadsAsAWriterWouldAndItsWritesAreCountedAsBugs() throws IOException {
        NbdExport target = new NbdExport("target", "vm-2", 5, device, ExportMode.BEFORE_COMMIT);
        server.export(target);
        try (RawClient client = RawClient.connected(socket, "target")) {
            assertThat(client.transmissionFlags & Wire.READ_ONLY).isZero();
            assertThat(error(client, Wire.CMD_READ, 0, 0, 512)).isZero();
            assertThat(error(client, Wire.CMD_WRITE, 0, 0, 1, (byte) 1)).isEqualTo(Wire.EPERM);
            assertThat(error(client, Wire.CMD_TRIM, 0, 0, 4096)).isEqualTo(Wire.EPERM);
            assertThat(error(client, Wire.CMD_FLUSH, 0, 0, 0)).isZero();
            assertThat(target.writesBeforeCommit()).isEqualTo(2);
            assertThat(device.writes.get()).isZero();

            target.open();

            assertThat(error(client, Wire.CMD_WRITE, 0, 0, 1, (byte) 1)).isZero();
            assertThat(target.writesBeforeCommit()).isEqualTo(2);
        }
    }

    @Test
    void anExportForCheckingSaysThatItIsReadOnly() throws IOException {
        NbdExport checked = new NbdExport("check", "vm-3", 5, device, ExportMode.READ_ONLY);
        server.export(checked);
        try (RawClient client = RawClient.connected(socket, "check")) {
            assertThat(client.transmissionFlags & Wire.READ_ONLY).isNotZero();
            assertThat(error(client, Wire.CMD_WRITE, 0, 0, 1, (byte) 1)).isEqualTo(Wire.EPERM);
            assertThat(checked.writesBeforeCommit()).isZero();
        }
        assertThatThrownBy(checked::open).hasMessageContaining("can't go from READ_ONLY to READ_WRITE");
    }

    @Test
    void theOldFenceGetsShutdownForEverything() throws IOException {
        try (RawClient client = RawClient.connected(socket, "disk")) {
            assertThat(error(client, Wire.CMD_WRITE, 0, 0, 1, (byte) 1)).isZero();
            export.fenceOff();
            export.fenceOff();

            assertThat(error(client, Wire.CMD_WRITE, 0, 0, 1, (byte) 1)).isEqualTo(Wire.ESHUTDOWN);
            assertThat(error(client, Wire.CMD_READ, 0, 0, 512)).isEqualTo(Wire.ESHUTDOWN);
            assertThat(error(client, Wire.CMD_FLUSH, 0, 0, 0)).isEqualTo(Wire.ESHUTDOWN);
            assertThat(device.writes.get()).isEqualTo(1);
        }
        try (RawClient late = new RawClient(socket)) {
            late.hello();
            assertThat(late.go("disk")).isEqualTo(Wire.REP_ERR_SHUTDOWN);
        }
        assertThatThrownBy(export::open).hasMessageContaining("can't go from FENCED_OFF to READ_WRITE");
    }

    /** A device whose first large write waits for the test. */
    private static final class SlowDevice extends MemoryDevice {
        final CountDownLatch arrived = new CountDownLatch(1);
        final CountDownLatch mayGoOn = new CountDownLatch(1);

        SlowDevice() {
            super(SIZE);
        }

        @Override
        public void write(long offset, MemorySegment from, boolean durable) throws IOException {
            if (from.byteSize() >= 131072) {
                arrived.countDown();
                try {
                    assertThat(mayGoOn.await(30, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException stop) {
                    throw new IOException("interrupted", stop);
                }
            }
            super.write(offset, from, durable);
        }
    }

    @Test
    void aSlowLargeRequestDoesNotHoldUpSmallOnes() throws Exception {
        SlowDevice slow = new SlowDevice();
        server.export(new NbdExport("slow", "vm-4", 1, slow, ExportMode.READ_WRITE));
        try (RawClient client = RawClient.connected(socket, "slow")) {
            client.request(Wire.CMD_WRITE, 0, 1, 0, 131072, new byte[131072]);
            assertThat(slow.arrived.await(10, TimeUnit.SECONDS)).isTrue();
            client.request(Wire.CMD_READ, 0, 2, 0, 512);
            assertThat(client.reply().cookie()).isEqualTo(2);
            slow.mayGoOn.countDown();
            assertThat(client.reply().cookie()).isEqualTo(1);
        }
    }

    /** A medium that gives nothing before it was asked for everything. */
    private static final class PatientDevice extends MemoryDevice {
        final CountDownLatch asked;
        final List<Long> offsets = new CopyOnWriteArrayList<>();

        PatientDevice(int reads) {
            super(SIZE);
            asked = new CountDownLatch(reads);
        }

        @Override
        public boolean readNow(long offset, MemorySegment into) {
            return false;
        }

        @Override
        public void willNeed(long offset, long lengthBytes) {
            offsets.add(offset);
            asked.countDown();
        }

        @Override
        public void read(long offset, MemorySegment into) throws IOException {
            try {
                if (!asked.await(30, TimeUnit.SECONDS)) {
                    throw new IOException("the medium was asked for " + offsets + " only");
                }
            } catch (InterruptedException stop) {
                throw new IOException("interrupted", stop);
            }
            super.read(offset, into);
        }
    }

    @Test
    void theMediumIsAskedForEveryLargeReadInFlightInTheirOrder() throws IOException {
        int reads = 32;
        PatientDevice patient = new PatientDevice(reads);
        server.export(new NbdExport("patient", "vm-4", 1, patient, ExportMode.READ_WRITE));
        List<Long> wanted = new ArrayList<>();
        try (RawClient client = RawClient.connected(socket, "patient")) {
            for (int i = 0; i < reads; i++) {
                wanted.add(i * 131072L);
                client.request(Wire.CMD_READ, 0, i, i * 131072L, i % 2 == 0 ? 131072 : 65536);
            }
            for (int i = 0; i < reads; i++) {
                assertThat(client.reply().error()).isZero();
            }
        }
        assertThat(patient.offsets).isEqualTo(wanted);
    }

    @Test
    void fencingOffAndClosingWaitForTheRequestInFlightWhichIsAnswered() throws Exception {
        SlowDevice slow = new SlowDevice();
        NbdExport slowExport = new NbdExport("slow", "vm-4", 1, slow, ExportMode.READ_WRITE);
        server.export(slowExport);
        try (RawClient client = RawClient.connected(socket, "slow")) {
            client.request(Wire.CMD_WRITE, 0, 1, 0, 131072, new byte[131072]);
            assertThat(slow.arrived.await(10, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<Void> fenced = CompletableFuture.runAsync(slowExport::fenceOff);
            assertThatThrownBy(() -> fenced.get(100, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            CompletableFuture<Void> fencedAgain = CompletableFuture.runAsync(slowExport::fenceOff);
            assertThatThrownBy(() -> fencedAgain.get(100, TimeUnit.MILLISECONDS))
                    .as("a request is in flight still")
                    .isInstanceOf(TimeoutException.class);
            CompletableFuture<Void> withdrawn = CompletableFuture.runAsync(() -> server.withdraw("slow"));
            assertThat(withdrawn).isNotDone();

            slow.mayGoOn.countDown();

            fenced.get(10, TimeUnit.SECONDS);
            fencedAgain.get(10, TimeUnit.SECONDS);
            withdrawn.get(10, TimeUnit.SECONDS);
            RawClient.Reply reply = client.reply();
            assertThat(reply.cookie()).isEqualTo(1);
            assertThat(reply.error()).isZero();
            assertThatThrownBy(() -> client.receive(1)).isInstanceOf(EOFException.class);
        }
        assertThat(slow.writes.get()).isEqualTo(1);
    }

    @Test
    void aRepeatedRequestIsServedAgain() throws IOException {
        for (int connection = 0; connection < 2; connection++) {
            try (RawClient client = RawClient.connected(socket, "disk")) {
                for (int i = 0; i < 2; i++) {
                    assertThat(error(client, Wire.CMD_WRITE, 0, 0, 3, (byte) 1, (byte) 2, (byte) 3))
                            .isZero();
                }
            }
        }
        assertThat(device.writes.get()).isEqualTo(4);
    }
}
