package dev.godwit.move;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * One append-only file a move, {@code MOVE-ID.move}, in one directory. A line is the whole record behind its CRC32C, so the
 * last line that is whole is the state; what a death left torn behind it is cut off before the next line is added.
 */
public final class FileMoveJournal implements MoveJournal, AutoCloseable {
    private static final String SUFFIX = ".move";
    private static final int CRC_CHARS = 8;

    private final Path directory;
    private final JournalReserve reserve;
    private final LineWriter writer;
    private final Map<String, FileChannel> open = new ConcurrentHashMap<>();

    /** Puts bytes at a channel's position; what a disk does, so that a test can have a full one. */
    @FunctionalInterface
    interface LineWriter {
        void write(FileChannel channel, ByteBuffer line) throws IOException;
    }

    /** Makes the directory where it is missing, and sets room aside for lines on a disk that others fill. */
    public FileMoveJournal(Path directory) throws IOException {
        this(directory, FileMoveJournal::writeFully);
    }

    FileMoveJournal(Path directory, LineWriter writer) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.reserve = new JournalReserve(directory);
        this.writer = writer;
        syncDirectory();
        reserve.keep();
    }

    private static void writeFully(FileChannel channel, ByteBuffer line) throws IOException {
        while (line.hasRemaining()) {
            channel.write(line);
        }
    }

    @Override
    public void append(MoveRecord record, Durability durability) throws IOException {
        try {
            appendWithReserve(record, durability);
            if (record.state().isTerminal()) {
                forget(record.moveId());
                reserve.keep();
            }
        } catch (IOException e) {
            throw new IOException(
                    "move " + record.moveId() + " of vm " + record.vmId() + ": cannot journal " + record.state()
                            + " in " + file(record.moveId()) + ": " + e.getMessage()
                            + "; check the disk and free space",
                    e);
        }
    }

    private void appendWithReserve(MoveRecord record, Durability durability) throws IOException {
        try {
            writeLine(channelOf(record.moveId()), record, durability);
        } catch (IOException refused) {
            forgetClosed(record.moveId());
            if (!isFull(refused) || !reserve.release()) {
                throw refused;
            }
            writeLine(channelOf(record.moveId()), record, durability);
        }
    }

    /** Source: errno(3), ENOSPC and EDQUOT as the C library words them. */
    private static boolean isFull(IOException refused) {
        String why = String.valueOf(refused.getMessage());
        return why.contains("No space left on device") || why.contains("quota exceeded");
    }

    private void forget(String moveId) throws IOException {
        FileChannel channel = open.remove(moveId);
        if (channel != null) {
            channel.close();
        }
    }

    /** An interrupt closed it; the file is opened anew behind its last whole line. */
    private void forgetClosed(String moveId) {
        open.computeIfPresent(moveId, (id, channel) -> channel.isOpen() ? channel : null);
    }

    private FileChannel channelOf(String moveId) throws IOException {
        FileChannel present = open.get(moveId);
        if (present != null) {
            return present;
        }
        FileChannel channel = openAtEnd(moveId);
        open.put(moveId, channel);
        return channel;
    }

    @Override
    public Optional<MoveRecord> find(String moveId) throws IOException {
        Path file = file(moveId);
        return Files.exists(file) ? last(file).map(Line::record) : Optional.empty();
    }

    @Override
    public List<MoveRecord> openMoves() throws IOException {
        List<MoveRecord> found = new ArrayList<>();
        for (Path file : files()) {
            last(file).map(Line::record).filter(r -> !r.state().isTerminal()).ifPresent(found::add);
        }
        found.sort(Comparator.comparing(r -> r.history().getFirst().at()));
        return found;
    }

    /**
     * Removes moves that ended before then. Keep them for days: an ended move is what refuses a late message of it.
     *
     * @return how many
     */
    public int removeEndedBefore(Instant then) throws IOException {
        int removed = 0;
        for (Path file : files()) {
            Optional<MoveRecord> record = last(file).map(Line::record);
            if (record.isPresent()
                    && record.get().state().isTerminal()
                    && record.get().history().getLast().at().isBefore(then)) {
                Files.delete(file);
                removed++;
            }
        }
        return removed;
    }

    /** Lets go of the files of moves that have not ended. */
    @Override
    public void close() throws IOException {
        for (FileChannel channel : open.values()) {
            channel.close();
        }
        open.clear();
    }

    private FileChannel openAtEnd(String moveId) throws IOException {
        Path file = file(moveId);
        boolean fresh = !Files.exists(file);
        long end = fresh ? 0 : last(file).map(Line::endByte).orElse(0L);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        channel.truncate(end);
        channel.position(end);
        if (fresh) {
            syncDirectory();
        }
        return channel;
    }

    private void writeLine(FileChannel channel, MoveRecord record, Durability durability) throws IOException {
        byte[] json = MoveRecordJson.write(record).getBytes(StandardCharsets.UTF_8);
        byte[] crc = crcOf(json).getBytes(StandardCharsets.US_ASCII);
        ByteBuffer line = ByteBuffer.allocate(crc.length + 1 + json.length + 1);
        line.put(crc).put((byte) ' ').put(json).put((byte) '\n').flip();
        long start = channel.position();
        try {
            writer.write(channel, line);
            if (durability == Durability.MACHINE) {
                channel.force(false);
            }
        } catch (IOException e) {
            // A line that was refused must not be found by the next start, nor stand before the next line.
            if (channel.isOpen()) {
                channel.truncate(start);
                channel.position(start);
            }
            throw e;
        }
    }

    private record Line(MoveRecord record, long endByte) {}

    /** The last line that is whole; what is torn before it was cut off by its writer, what is torn behind it is not a line. */
    private static Optional<Line> last(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Optional<Line> last = Optional.empty();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                Optional<MoveRecord> record = parse(file, Arrays.copyOfRange(bytes, start, i));
                if (record.isPresent()) {
                    last = Optional.of(new Line(record.get(), i + 1L));
                }
                start = i + 1;
            }
        }
        return last;
    }

    private static Optional<MoveRecord> parse(Path file, byte[] line) throws IOException {
        if (line.length <= CRC_CHARS + 1) {
            return Optional.empty();
        }
        byte[] json = Arrays.copyOfRange(line, CRC_CHARS + 1, line.length);
        byte[] crc = crcOf(json).getBytes(StandardCharsets.US_ASCII);
        if (!Arrays.equals(crc, 0, CRC_CHARS, line, 0, CRC_CHARS)) {
            return Optional.empty();
        }
        try {
            return Optional.of(MoveRecordJson.read(new String(json, StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new IOException(
                    "the journal " + file + " was not written by this version of hostd: " + e.getMessage(), e);
        }
    }

    private static String crcOf(byte[] json) {
        CRC32C crc = new CRC32C();
        crc.update(json);
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.getFileName().toString().endsWith(SUFFIX))
                    .toList();
        }
    }

    private Path file(String moveId) {
        return directory.resolve(moveId + SUFFIX);
    }

    /** A new file's name is on the medium only when its directory is. */
    private void syncDirectory() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
