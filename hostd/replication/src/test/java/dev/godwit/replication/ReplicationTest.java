package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.peer.PeerStream;
import dev.godwit.volume.VolumeKind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReplicationTest {
    private static final int PAGES = 2048;

    private final MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, PAGES);
    private final MemoryVolume disk = new MemoryVolume(VolumeKind.DISK, PAGES);
    private final MemoryVolume ramThere = new MemoryVolume(VolumeKind.MEMORY, PAGES);
    private final MemoryVolume diskThere = new MemoryVolume(VolumeKind.DISK, PAGES);
    private final ByteArrayOutputStream stateThere = new ByteArrayOutputStream();

    @Test
    void theTargetHoldsWhatTheSourceHeldWhenItWasPaused() throws Exception {
        Random random = new Random(1);
        fill(ram, random, 700);
        fill(disk, random, 300);
        byte[] state = new byte[300_000];
        random.nextBytes(state);
        Reception reception = Pair.reception(stateThere, ramThere, diskThere);
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("move-1", reception);
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            replication.start();
            RoundReport first = replication.round();
            assertThat(first.memoryPages()).isEqualTo(ram.content().count());
            fill(ram, random, 50);
            RoundReport last = replication.finalRound();
            assertThat(last.pages()).isBetween(1L, 50L);
            assertThat(last.dirtyAfter()).isZero();
            assertThat(replication.sendState(new ByteArrayInputStream(state))).isEqualTo(state.length);
            fill(ram, random, 3);
            SealReport sealed = replication.seal();
            assertThat(sealed.latePages()).isBetween(1L, 3L);
            stream.finish();
            assertThat(reception.sealed().get(5, TimeUnit.SECONDS).sealed()).isTrue();
        }
        assertThat(ram.difference(ramThere)).isEqualTo(-1);
        assertThat(disk.difference(diskThere)).isEqualTo(-1);
        assertThat(stateThere.toByteArray()).isEqualTo(state);
        assertThat(diskThere.flushes.get()).isPositive();
    }

    private static void fill(MemoryVolume volume, Random random, int pages) {
        for (int i = 0; i < pages; i++) {
            volume.poke(random.nextInt(PAGES), random.nextInt(512), random.nextLong());
        }
    }
}
