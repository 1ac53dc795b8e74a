package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.peer.PeerStream;
import dev.godwit.volume.VolumeKind;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
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
            RoundReport last = replication.catchUp();
            assertThat(last.pages()).isBetween(1L, 50L);
            assertThat(last.dirtyAfter()).isZero();
            replication.sendState(state);
            SealReport sealed = replication.seal();
            assertThat(sealed.touchedPages()).isZero();
            stream.finish();
            assertThat(reception.sealed().get(5, TimeUnit.SECONDS).sealed()).isTrue();
        }
        assertThat(ram.difference(ramThere)).isEqualTo(-1);
        assertThat(disk.difference(diskThere)).isEqualTo(-1);
        assertThat(stateThere.toByteArray()).isEqualTo(state);
        assertThat(diskThere.flushes.get()).isPositive();
    }

    @Test
    void pagesThatSavingTheStateWroteAreThereBeforeItsFirstByte() throws Exception {
        List<Long> differenceAtTheFirstByte = new ArrayList<>();
        Reception reception = new Reception(List.of(ramThere, diskThere), () -> {
            differenceAtTheFirstByte.add(ram.difference(ramThere));
            return stateThere;
        });
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("move-1", reception);
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            fill(ram, new Random(2), 300);
            replication.start();
            replication.catchUp();
            ram.poke(77, 0, 123456789);
            replication.sendState(new byte[200_000]);
            replication.seal();
            stream.finish();
        }
        assertThat(differenceAtTheFirstByte).containsExactly(-1L);
        assertThat(stateThere.size()).isEqualTo(200_000);
    }

    @Test
    void aPageThatIsWrittenAfterTheStateWasSentFailsTheMoveAndNeverTheTarget() throws Exception {
        Reception reception = Pair.reception(stateThere, ramThere, diskThere);
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("move-1", reception);
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            fill(ram, new Random(3), 300);
            replication.start();
            replication.catchUp();
            replication.sendState(new byte[100]);
            ram.poke(77, 0, 123456789);
            assertThatThrownBy(replication::seal)
                    .isInstanceOf(ReplicationFailed.class)
                    .hasMessageContaining("1 pages were written after the device state");
            assertThat(reception.sealed()).isNotDone();
        }
    }

    @Test
    void aPageThatIsOnlyTouchedAfterTheStateWasSentDoesNoHarm() throws Exception {
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("move-1", Pair.reception(stateThere, ramThere, diskThere));
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            ram.poke(5, 0, 5);
            replication.start();
            replication.catchUp();
            replication.sendState(new byte[100]);
            ram.poke(5, 0, 5);
            assertThat(replication.seal().touchedPages()).isEqualTo(1);
            stream.finish();
        }
    }

    @Test
    void aRoundEndsWithTheDisksOfBothEndsOnTheirMedium() throws Exception {
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("move-1", Pair.reception(stateThere, ramThere, diskThere));
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            fill(disk, new Random(4), 10);
            replication.start();
            replication.round();
            assertThat(disk.flushes.get()).isEqualTo(1);
            assertThat(diskThere.flushes.get()).isEqualTo(1);
            replication.flushDisks();
            assertThat(disk.flushes.get()).isEqualTo(2);
            replication.catchUp();
            assertThat(disk.flushes.get())
                    .as("the pause itself flushes nothing here")
                    .isEqualTo(2);
        }
        assertThat(ram.flushes.get() + ramThere.flushes.get()).isZero();
    }

    private static void fill(MemoryVolume volume, Random random, int pages) {
        for (int i = 0; i < pages; i++) {
            volume.poke(random.nextInt(PAGES), random.nextInt(512), random.nextLong());
        }
    }
}
