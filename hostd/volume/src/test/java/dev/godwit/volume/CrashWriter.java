package dev.godwit.volume;

import static dev.godwit.volume.Pages.PAGE_BYTES;

import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * A process that writes to a disk until it is killed. Each thread owns every n-th page, so that threads meet in the same
 * fresh blocks; after a write has returned its number goes to the ledger, a file in the page cache.
 */
final class CrashWriter {
    static final int THREADS = 3;

    private CrashWriter() {}

    /** Arguments: folder, base, ledger, size in bytes, seed. */
    public static void main(String[] args) throws Exception {
        long sizeBytes = Long.parseLong(args[3]);
        long seed = Long.parseLong(args[4]);
        BaseImage base = BaseImage.open(Path.of(args[1]), "sha256:crash");
        DiskVolume volume = DiskVolume.open(Path.of(args[0]), sizeBytes, base);
        try (RandomAccessFile file = new RandomAccessFile(args[2], "rw")) {
            FileChannel ledger = file.getChannel();
            Thread[] writers = new Thread[THREADS];
            for (int i = 0; i < THREADS; i++) {
                int writer = i;
                writers[i] = Thread.ofPlatform().start(() -> {
                    try {
                        write(volume, ledger, writer, seed + writer);
                    } catch (Exception failed) {
                        throw new IllegalStateException("writer " + writer, failed);
                    }
                });
            }
            for (Thread writer : writers) {
                writer.join();
            }
        }
    }

    private static void write(DiskVolume volume, FileChannel ledger, int writer, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer number = ByteBuffer.allocate(8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(PAGE_BYTES, 8);
            while (true) {
                long at = random.nextLong(volume.pageCount() / THREADS) * THREADS + writer;
                number.clear();
                ledger.read(number, at * 8);
                long next = number.getLong(0) + 1;
                fill(page, at, next);
                volume.write(at * PAGE_BYTES, page);
                if (random.nextInt(200) == 0) {
                    volume.flush();
                }
                number.clear().putLong(next).flip();
                ledger.write(number, at * 8);
            }
        }
    }

    static void fill(MemorySegment page, long at, long number) {
        for (long i = 0; i < PAGE_BYTES; i += 16) {
            page.set(ValueLayout.JAVA_LONG, i, at);
            page.set(ValueLayout.JAVA_LONG, i + 8, number);
        }
    }
}
