package dev.godwit.volume;

import static dev.godwit.volume.Pages.PAGE_BYTES;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process that writes to a disk until it is killed, or dies by itself inside a rewrite of the map, with the map renamed
 * and its folder not synced. The map is rewritten at each flush. Each thread owns every n-th page, so that threads meet
 * in the same fresh blocks; after a write has returned its number goes to the ledger, a file in the page cache.
 */
final class CrashWriter {
    static final int THREADS = 3;

    /** The exit code of a process that died in a rewrite. */
    static final int DIED_IN_REWRITE = 77;

    private static final int WRITES_A_FLUSH = 40;

    private CrashWriter() {}

    /** Arguments: folder, base, ledger, size in bytes, seed, the rewrite to die in (0: none). */
    public static void main(String[] args) throws Exception {
        long sizeBytes = Long.parseLong(args[3]);
        long seed = Long.parseLong(args[4]);
        BaseImage base = BaseImage.open(Path.of(args[1]), "sha256:crash");
        DiskVolume volume = DiskVolume.open(
                Path.of(args[0]), sizeBytes, base, BootId.current(), rewriteAtEachFlush(Integer.parseInt(args[5])));
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

    /** The first rewrite is the one at open. */
    private static JournalRewrite rewriteAtEachFlush(int deadly) {
        AtomicInteger rewrites = new AtomicInteger();
        return new JournalRewrite(0, 0, folder -> {
            MapFolder real = MapFolder.open(folder);
            return new MapFolder() {
                @Override
                public void sync() throws IOException {
                    if (rewrites.incrementAndGet() == deadly) {
                        Runtime.getRuntime().halt(DIED_IN_REWRITE);
                    }
                    real.sync();
                }

                @Override
                public void close() throws IOException {
                    real.close();
                }
            };
        });
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
                if (random.nextInt(WRITES_A_FLUSH) == 0) {
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
