package dev.godwit.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.godwit.move.MoveJournal.Durability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileMoveJournalTest {
    private static final Instant LATER = Instant.parse("2026-11-24T10:00:01Z");

    @TempDir
    Path directory;

    private FileMoveJournal journal;

    @BeforeEach
    void open() throws IOException {
        journal = new FileMoveJournal(directory.resolve("moves"));
    }

    private FileMoveJournal reopened() throws IOException {
        journal.close();
        return new FileMoveJournal(directory.resolve("moves"));
    }

    private Path file(String moveId) {
        return directory.resolve("moves").resolve(moveId + ".move");
    }

    private static MoveRecord full(String moveId) {
        return Moves.record(moveId, MoveSide.SOURCE)
                .enter(MoveState.STREAM, LATER)
                .withStream(4, new BytesSent(1, 2, 3))
                .withPausedAt(Long.MAX_VALUE - 1)
                .withRunning(8, OptionalLong.of(42))
                .withWhy("host-b said \"no\"\nin two lines; größer");
    }

    @Test
    void whatWasWrittenIsReadAgainWhole() throws Exception {
        MoveRecord record = full("m1");
        journal.append(record, Durability.MACHINE);
        assertThat(journal.find("m1")).contains(record);
        assertThat(reopened().openMoves()).containsExactly(record);
    }

    @Test
    void onlyMovesThatHaveNotEndedAreOpenAndTheOldestIsFirst() throws Exception {
        MoveRecord older = Moves.record("m2", MoveSide.SOURCE);
        MoveRecord younger = MoveRecord.begin(Moves.reservation("m1"), MoveSide.TARGET, Moves.PLANNED, LATER);
        MoveRecord ended = Moves.record("m3", MoveSide.TARGET).enter(MoveState.ROLLED_BACK, LATER);
        journal.append(younger, Durability.PROCESS);
        journal.append(older, Durability.PROCESS);
        journal.append(Moves.record("m3", MoveSide.TARGET), Durability.MACHINE);
        journal.append(ended, Durability.MACHINE);
        FileMoveJournal again = reopened();
        assertThat(again.openMoves()).containsExactly(older, younger);
        assertThat(again.find("m3")).contains(ended);
        assertThat(again.find("never")).isEmpty();
    }

    @Test
    void aTailTornAnywhereLeavesTheLineBeforeItAndTheNextLineFollows() throws Exception {
        MoveRecord first = Moves.record("m1", MoveSide.SOURCE);
        MoveRecord second = first.enter(MoveState.STREAM, LATER);
        journal.append(first, Durability.MACHINE);
        long whole = Files.size(file("m1"));
        journal.append(second, Durability.MACHINE);
        byte[] both = Files.readAllBytes(file("m1"));
        for (int size = (int) whole; size < both.length; size += 7) {
            Files.write(file("m1"), java.util.Arrays.copyOf(both, size));
            FileMoveJournal torn = reopened();
            assertThat(torn.openMoves())
                    .as("cut at byte %d of %d", size, both.length)
                    .containsExactly(first);
            torn.append(second, Durability.PROCESS);
            assertThat(torn.find("m1")).contains(second);
            assertThat(Files.readAllBytes(file("m1"))).isEqualTo(both);
            torn.close();
        }
    }

    @Test
    void aLineWithAChangedByteIsNoLine() throws Exception {
        MoveRecord first = Moves.record("m1", MoveSide.SOURCE);
        journal.append(first, Durability.MACHINE);
        int whole = (int) Files.size(file("m1"));
        journal.append(first.enter(MoveState.STREAM, LATER), Durability.MACHINE);
        byte[] bytes = Files.readAllBytes(file("m1"));
        bytes[whole + 40] ^= 1;
        Files.write(file("m1"), bytes);
        assertThat(reopened().find("m1")).contains(first);
    }

    @Test
    void anEmptyFileIsNoMove() throws Exception {
        Files.createFile(file("m1"));
        assertThat(reopened().openMoves()).isEmpty();
    }

    @Test
    void aLineOfAnotherVersionIsNotGuessedAt() throws Exception {
        journal.append(Moves.record("m1", MoveSide.SOURCE), Durability.MACHINE);
        journal.close();
        String json = "{\"version\":2}";
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(json.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        Files.writeString(file("m1"), String.format("%08x %s\n", crc.getValue(), json), StandardOpenOption.APPEND);
        assertThatIOException()
                .isThrownBy(() -> reopened().openMoves())
                .withMessageContaining("m1.move")
                .withMessageContaining("version 2");
    }

    @Test
    void endedMovesAreForgottenOnlyAfterTheTimeGiven() throws Exception {
        journal.append(Moves.record("m1", MoveSide.TARGET).enter(MoveState.ROLLED_BACK, LATER), Durability.MACHINE);
        journal.append(Moves.record("m2", MoveSide.TARGET), Durability.MACHINE);
        assertThat(journal.removeEndedBefore(LATER)).isZero();
        assertThat(journal.removeEndedBefore(LATER.plusMillis(1))).isEqualTo(1);
        assertThat(journal.find("m1")).isEmpty();
        assertThat(journal.find("m2")).isPresent();
    }

    /** A disk that others have filled: room is only where the reserve was. */
    private FileMoveJournal onAFullDisk(Path moves, Path reserve) throws IOException {
        return new FileMoveJournal(moves, (channel, line) -> {
            if (Files.exists(reserve)) {
                channel.write(line.slice(0, 5)); // half a line, as a disk takes what still fits
                throw new IOException("No space left on device");
            }
            channel.write(line);
        });
    }

    @Test
    void aMoveIsJournalledOnAFullDiskAndTheReserveIsThereAgainAfterIt() throws Exception {
        Path moves = directory.resolve("moves");
        Path reserve = moves.resolve("reserve");
        FileMoveJournal full = onAFullDisk(moves, reserve);
        MoveRecord first = Moves.record("m1", MoveSide.SOURCE);
        full.append(first, Durability.MACHINE);
        assertThat(reserve).doesNotExist();
        assertThat(full.openMoves()).containsExactly(first);
        MoveRecord ended = first.enter(MoveState.ROLLED_BACK, LATER);
        full.append(ended, Durability.MACHINE);
        assertThat(full.find("m1")).contains(ended);
        assertThat(reserve).hasSize(JournalReserve.BYTES);
    }

    @Test
    void aFullDiskWithoutAReserveRefusesAndTheLineBeforeStands() throws Exception {
        MoveRecord first = Moves.record("m1", MoveSide.SOURCE);
        journal.append(first, Durability.MACHINE);
        FileMoveJournal full = new FileMoveJournal(directory.resolve("moves"), (channel, line) -> {
            throw new IOException("No space left on device");
        });
        assertThatIOException()
                .isThrownBy(() -> full.append(first.enter(MoveState.STREAM, LATER), Durability.MACHINE))
                .withMessageContaining("free space");
        assertThat(full.find("m1")).contains(first);
    }

    @Test
    void aLineOfAThreadThatWasInterruptedIsWrittenWhenItIsTriedAgain() throws Exception {
        MoveRecord first = Moves.record("m1", MoveSide.SOURCE);
        journal.append(first, Durability.MACHINE);
        MoveRecord second = first.enter(MoveState.STREAM, LATER);
        Thread.currentThread().interrupt();
        assertThatIOException().isThrownBy(() -> journal.append(second, Durability.MACHINE));
        assertThat(Thread.interrupted()).isTrue();
        journal.append(second, Durability.MACHINE);
        assertThat(journal.find("m1")).contains(second);
    }

    @Test
    void aDiskThatRefusesIsNamedAndTheLineBeforeStands() throws Exception {
        MoveRecord first = Moves.record("m1", MoveSide.SOURCE);
        journal.append(first, Durability.MACHINE);
        FileMoveJournal again = reopened();
        Files.delete(file("m1"));
        Files.createDirectory(file("m1"));
        assertThatIOException()
                .isThrownBy(() -> again.append(first.enter(MoveState.STREAM, LATER), Durability.MACHINE))
                .withMessageContaining("m1");
    }
}
