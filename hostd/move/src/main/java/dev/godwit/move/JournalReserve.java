package dev.godwit.move;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Room that a full disk can't take from the journal: a file of zeros, removed when a line is refused and made again when
 * there is room. A VM's own disk fills the file system that the journal is on, and moving that VM away is what helps.
 */
final class JournalReserve {
    /** A move has 14 lines of about 1 KiB at most: room for some fifty moves, and for a file system's own blocks. */
    static final int BYTES = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(JournalReserve.class);

    private final Path file;

    JournalReserve(Path directory) {
        this.file = directory.resolve("reserve");
    }

    /** Makes it where it is missing; a disk that has no room for it now may have it later. */
    synchronized void keep() {
        try {
            if (Files.exists(file) && Files.size(file) == BYTES) {
                return;
            }
            if (Files.getFileStore(file.getParent()).getUsableSpace() >= 2L * BYTES) {
                write();
            }
        } catch (IOException e) {
            LOG.warn("the journal has no reserve of {} bytes in {}: {}", BYTES, file, e.getMessage());
        }
    }

    private void write() throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate(BYTES);
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (zeros.hasRemaining()) {
                channel.write(zeros);
            }
            channel.force(true);
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /** Gives the room to the journal; false when there was none. */
    synchronized boolean release() throws IOException {
        boolean released = Files.deleteIfExists(file);
        if (released) {
            LOG.warn("the disk under {} is full: the journal uses its reserve", file.getParent());
        }
        return released;
    }
}
