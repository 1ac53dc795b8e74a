package dev.godwit.lab.warm;

import dev.godwit.lab.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of saved states by key, shared by all processes of the machine. Each is made at its first use, beside its
 * place, and renamed; one lock keeps others away while a state is made, used or removed. Thread-safe.
 */
final class SavedStates {
    /** A state takes some 200 MiB; branches with different guestds and two shapes each keep theirs. */
    static final int KEPT_MAX = 8;

    private static final Logger log = LoggerFactory.getLogger(SavedStates.class);
    private static final String MAKING = ".making";
    private static final String LOCK = ".lock";
    /** A state is made in the time of a boot; several processes may each make one. */
    private static final Duration LOCK_WAIT = Duration.ofMinutes(5);
    /** A file lock is the process's, not the thread's. */
    private static final ReentrantLock threads = new ReentrantLock();

    /** Makes a state in an empty folder. */
    interface Maker {
        void make(Path directory) throws IOException;
    }

    /** Starts a guest from a state. */
    interface Use<T> {
        T use(SavedState state) throws IOException;
    }

    private final Path folder;
    private final int keptMax;
    private final InstantSource clock;

    SavedStates(Path folder, int keptMax, InstantSource clock) {
        if (keptMax < 1) {
            throw new IllegalArgumentException("a cache of " + keptMax + " states keeps none");
        }
        this.folder = folder;
        this.keptMax = keptMax;
        this.clock = clock;
    }

    /**
     * Uses the state of a key, which is made first if it is not there. One that turns out to be unfit is made anew, once.
     *
     * @throws SavedStateUnfit the one that was just made is unfit, too
     */
    <T> T use(StateKey key, Maker maker, Use<T> use) throws IOException {
        Files.createDirectories(folder);
        threads.lock();
        try (FileChannel channel =
                        FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = locked(channel)) {
            log.debug("{} is held", held);
            Path state = folder.resolve(key.name());
            boolean made = false;
            if (!Files.isDirectory(state)) {
                make(state, maker);
                made = true;
            }
            try {
                return used(state, use);
            } catch (SavedStateUnfit unfit) {
                if (made) {
                    throw unfit;
                }
                log.warn("{}; it is made anew", unfit.getMessage());
                deleteTree(state);
                make(state, maker);
                return used(state, use);
            }
        } finally {
            threads.unlock();
        }
    }

    private <T> T used(Path state, Use<T> use) throws IOException {
        Files.setLastModifiedTime(state, FileTime.from(clock.instant()));
        return use.use(SavedState.open(state));
    }

    private void make(Path state, Maker maker) throws IOException {
        Path making = state.resolveSibling(state.getFileName() + MAKING);
        deleteTree(making);
        Files.createDirectory(making);
        try {
            maker.make(making);
            Files.setLastModifiedTime(making, FileTime.from(clock.instant()));
            Files.move(making, state, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            deleteTree(making);
        }
        removeOldest(state);
    }

    private FileLock locked(FileChannel channel) {
        return Patience.waitFor("the lock of the saved states in " + folder, LOCK_WAIT, () -> {
            try {
                return Optional.ofNullable(channel.tryLock());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Keeps the newest ones. What a killed process was making goes, too: the lock is ours. */
    private void removeOldest(Path own) throws IOException {
        List<Path> others;
        try (Stream<Path> entries = Files.list(folder)) {
            others = entries.filter(Files::isDirectory)
                    .filter(entry -> !entry.equals(own))
                    .toList();
        }
        List<Path> whole = others.stream()
                .filter(state -> !state.toString().endsWith(MAKING))
                .sorted(Comparator.comparing(SavedStates::lastUse).reversed())
                .toList();
        for (Path state : others) {
            if (!whole.subList(0, Math.min(keptMax - 1, whole.size())).contains(state)) {
                deleteTree(state);
            }
        }
    }

    private static FileTime lastUse(Path state) {
        try {
            return Files.getLastModifiedTime(state);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> below = Files.walk(tree)) {
            for (Path path : below.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
