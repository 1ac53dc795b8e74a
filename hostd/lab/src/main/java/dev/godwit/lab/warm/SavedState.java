package dev.godwit.lab.warm;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.linux.SparseFile;
import dev.godwit.vmm.GuestMemory;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * A guest at rest: a folder with its memory, its device state and its disk's overlay, and a description with a check sum of
 * each that is written last. Files are sparse. For one thread.
 */
final class SavedState {
    static final String MEMORY = "memory.raw";
    static final String DEVICES = "device-state";
    static final String DESCRIPTION = "state.json";
    /** What a disk volume keeps in its folder and needs again. */
    private static final String[] DISK = {"overlay.raw", "overlay.map"};

    private static final ObjectMapper JSON = new ObjectMapper();

    /** What the description holds. */
    private record Description(String key, String commandLine, Map<String, Long> checkSums) {}

    private final Path directory;
    private final Description description;

    private SavedState(Path directory, Description description) {
        this.directory = directory;
        this.description = description;
    }

    /**
     * Writes the state of a paused guest.
     *
     * @param directory exists and is empty
     * @param devices its device state
     * @param disk the folder of its closed disk volume
     * @param commandLine of its VMM, without what differs from one start to the next
     */
    static void write(Path directory, StateKey key, Path memory, byte[] devices, Path disk, String commandLine)
            throws IOException {
        Map<String, Long> sums = new TreeMap<>();
        sums.put(MEMORY, copy(memory, directory.resolve(MEMORY)));
        Files.write(directory.resolve(DEVICES), devices);
        sums.put(DEVICES, sum(directory.resolve(DEVICES)));
        for (String file : DISK) {
            sums.put(file, copy(disk.resolve(file), directory.resolve(file)));
        }
        JSON.writeValue(directory.resolve(DESCRIPTION).toFile(), new Description(key.text(), commandLine, sums));
    }

    /**
     * Opens what {@link #write} wrote.
     *
     * @throws SavedStateUnfit it is not whole
     */
    static SavedState open(Path directory) throws IOException {
        try {
            Description description =
                    JSON.readValue(directory.resolve(DESCRIPTION).toFile(), Description.class);
            return new SavedState(directory, description);
        } catch (JacksonException | java.io.FileNotFoundException | IllegalArgumentException notWhole) {
            throw new SavedStateUnfit("the saved state " + directory + " has no description: " + notWhole.getMessage());
        }
    }

    /** Of the VMM that it was saved from, without what differs from one start to the next. */
    String commandLine() {
        return description.commandLine();
    }

    /**
     * Fills the RAM of a VMM that waits for its state: first zero wherever the VMM has written by itself, then all that
     * was saved, through the VMM's own mapping.
     *
     * @throws SavedStateUnfit the file is damaged; the VMM must not run
     */
    void fill(GuestMemory memory) throws IOException {
        PageSet touched = memory.content();
        for (long first = touched.next(0); first >= 0; first = touched.next(first)) {
            int run = touched.run(first, Pages.PAGES_PER_BLOCK);
            memory.zero(first, run);
            first += run;
        }
        try (SparseFile file = open(MEMORY)) {
            if (file.sizeBytes() != memory.pageCount() * Pages.PAGE_BYTES) {
                throw new SavedStateUnfit(file.path() + " has " + file.sizeBytes() + " bytes, the guest "
                        + memory.pageCount() * Pages.PAGE_BYTES);
            }
            requireSum(MEMORY, SparseCopy.read(file, (offset, bytes) -> write(memory, offset, bytes)));
        }
    }

    private static void write(GuestMemory memory, long offset, MemorySegment bytes) throws IOException {
        memory.write(offset / Pages.PAGE_BYTES, (int) (bytes.byteSize() / Pages.PAGE_BYTES), bytes);
    }

    /** What the VMM reads last. */
    byte[] devices() throws IOException {
        try (SparseFile file = open(DEVICES)) {
            requireSum(DEVICES, SparseCopy.read(file, (offset, bytes) -> {}));
            byte[] state = new byte[(int) file.sizeBytes()];
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment copy = arena.allocate(state.length, 8);
                file.read(0, copy);
                MemorySegment.copy(copy, 0, MemorySegment.ofArray(state), 0, state.length);
            }
            return state;
        }
    }

    /** Copies the disk's overlay into an empty folder, where a disk volume can be opened. */
    void copyDisk(Path folder) throws IOException {
        for (String name : DISK) {
            requireThere(name);
            requireSum(name, copy(directory.resolve(name), folder.resolve(name)));
        }
    }

    private SparseFile open(String name) throws IOException {
        requireThere(name);
        return SparseFile.openReadOnly(directory.resolve(name));
    }

    private void requireThere(String name) throws IOException {
        if (!Files.isRegularFile(directory.resolve(name))) {
            throw new SavedStateUnfit("the saved state " + directory + " has no " + name);
        }
    }

    private void requireSum(String name, long found) throws SavedStateUnfit {
        Long saved = description.checkSums().get(name);
        if (saved == null || saved != found) {
            throw new SavedStateUnfit(
                    directory.resolve(name) + " has check sum " + found + ", saved was " + saved + ": it is damaged");
        }
    }

    private static long sum(Path path) throws IOException {
        try (SparseFile file = SparseFile.openReadOnly(path)) {
            return SparseCopy.read(file, (offset, bytes) -> {});
        }
    }

    /** Copies a file with its holes; its check sum. */
    private static long copy(Path from, Path to) throws IOException {
        try (SparseFile source = SparseFile.openReadOnly(from);
                SparseFile target = SparseFile.create(to, source.sizeBytes())) {
            return SparseCopy.read(source, target::write);
        } catch (NoSuchFileException gone) {
            throw new SavedStateUnfit(from + " is gone", gone);
        }
    }
}
