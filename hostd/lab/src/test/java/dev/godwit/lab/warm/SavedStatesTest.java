package dev.godwit.lab.warm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.volume.Pages;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SavedStatesTest {
    private static final int PAGES = 700;
    private static final StateKey KEY = new StateKey("a guest");
    private static final byte[] DEVICES = "the state of the devices".getBytes(UTF_8);

    @TempDir
    Path directory;

    private final AtomicInteger made = new AtomicInteger();
    private Instant now = Instant.parse("2026-11-24T12:00:00Z");
    private Path folder;
    private Path memory;
    private Path disk;
    private SavedStates states;

    @BeforeEach
    void aGuestAtRest() throws IOException {
        folder = directory.resolve("warm");
        memory = directory.resolve("ram");
        disk = Files.createDirectory(directory.resolve("disk"));
        byte[] ram = new byte[PAGES * Pages.PAGE_BYTES];
        Random random = new Random(7);
        for (int page : new int[] {0, 1, 5, 300, 301, 302, PAGES - 1}) {
            byte[] content = new byte[Pages.PAGE_BYTES];
            random.nextBytes(content);
            System.arraycopy(content, 0, ram, page * Pages.PAGE_BYTES, content.length);
        }
        Files.write(memory, ram);
        Files.write(disk.resolve("overlay.raw"), "what the guest wrote".getBytes(UTF_8));
        Files.write(disk.resolve("overlay.map"), "where it is".getBytes(UTF_8));
        states = new SavedStates(folder, 3, () -> now);
    }

    private void make(Path into) throws IOException {
        made.incrementAndGet();
        SavedState.write(into, KEY, memory, DEVICES, disk, "vmm --option");
    }

    /** Looks at every part, as a start does. */
    private String whole(SavedState state) throws IOException {
        HeapMemory ram = new HeapMemory(PAGES);
        ram.touch(2, 3);
        ram.touch(300, 4);
        state.fill(ram);
        assertThat(ram.bytes()).isEqualTo(Files.readAllBytes(memory));
        assertThat(state.devices()).isEqualTo(DEVICES);
        Path copy = Files.createTempDirectory(directory, "copy");
        state.copyDisk(copy);
        for (String file : List.of("overlay.raw", "overlay.map")) {
            assertThat(copy.resolve(file)).hasSameBinaryContentAs(disk.resolve(file));
        }
        return state.commandLine();
    }

    @Test
    void aStateIsMadeOnceAndReadsAsItWasSaved() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(states.<String>use(KEY, this::make, this::whole)).isEqualTo("vmm --option");
        }
        assertThat(made).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory.raw", "device-state", "overlay.raw", "overlay.map"})
    void aFlippedBitIsFoundAndTheStateIsMadeAnew(String name) throws Exception {
        states.use(KEY, this::make, this::whole);
        try (RandomAccessFile file = new RandomAccessFile(state().resolve(name).toFile(), "rw")) {
            file.seek(5);
            int old = file.read();
            file.seek(5);
            file.write(old ^ 1);
        }
        states.use(KEY, this::make, this::whole);
        assertThat(made).hasValue(2);
        states.use(KEY, this::make, this::whole);
        assertThat(made).hasValue(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory.raw", "device-state", "overlay.raw", "overlay.map", "state.json"})
    void aFileThatIsCutShortIsFoundAndSoIsOneThatIsGone(String name) throws Exception {
        states.use(KEY, this::make, this::whole);
        try (RandomAccessFile file = new RandomAccessFile(state().resolve(name).toFile(), "rw")) {
            file.setLength(file.length() - 1);
        }
        states.use(KEY, this::make, this::whole);
        assertThat(made).hasValue(2);
        Files.delete(state().resolve(name));
        states.use(KEY, this::make, this::whole);
        assertThat(made).hasValue(3);
    }

    @Test
    void aPageThatBecameZeroIsFound() throws Exception {
        states.use(KEY, this::make, this::whole);
        try (RandomAccessFile file =
                new RandomAccessFile(state().resolve("memory.raw").toFile(), "rw")) {
            file.seek(300L * Pages.PAGE_BYTES);
            file.write(new byte[Pages.PAGE_BYTES]);
        }
        states.use(KEY, this::make, this::whole);
        assertThat(made).hasValue(2);
    }

    @Test
    void whatAKilledProcessWasMakingIsNeverUsedAndGoes() throws Exception {
        Path half = Files.createDirectories(folder.resolve(KEY.name() + ".making"));
        Files.writeString(half.resolve("memory.raw"), "half");
        Path other = Files.createDirectories(folder.resolve(new StateKey("another").name() + ".making"));
        states.use(KEY, this::make, this::whole);
        assertThat(made).hasValue(1);
        assertThat(half).doesNotExist();
        assertThat(other).doesNotExist();
    }

    @Test
    void aStateThatCouldNotBeMadeLeavesNothing() throws Exception {
        assertThatThrownBy(() -> states.use(
                        KEY,
                        into -> {
                            Files.writeString(into.resolve("memory.raw"), "half");
                            throw new IOException("the guest did not boot");
                        },
                        this::whole))
                .hasMessage("the guest did not boot");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.filter(Files::isDirectory)).isEmpty();
        }
        states.use(KEY, this::make, this::whole);
    }

    @Test
    void aStateThatIsUnfitRightAfterItWasMadeIsAnErrorAndNotALoop() {
        assertThatThrownBy(() -> states.use(KEY, this::make, state -> {
                    throw new SavedStateUnfit("the VMM refused it");
                }))
                .isInstanceOf(SavedStateUnfit.class)
                .hasMessage("the VMM refused it");
        assertThat(made).hasValue(1);
        assertThatThrownBy(() -> states.use(KEY, this::make, state -> {
                    throw new SavedStateUnfit("the VMM refused it");
                }))
                .isInstanceOf(SavedStateUnfit.class);
        assertThat(made).hasValue(2);
    }

    @Test
    void anErrorThatIsNotTheStatesFaultLeavesItWhereItIs() throws Exception {
        assertThatThrownBy(() -> states.use(KEY, this::make, state -> {
                    throw new IOException("no memory");
                }))
                .hasMessage("no memory");
        states.use(KEY, this::make, this::whole);
        assertThat(made).hasValue(1);
    }

    @Test
    void noMoreThanTheBoundAreKeptAndTheOneUsedLongestAgoGoes() throws Exception {
        List<StateKey> keys =
                IntStream.range(0, 4).mapToObj(i -> new StateKey("guest " + i)).toList();
        for (StateKey key : keys.subList(0, 3)) {
            now = now.plusSeconds(60);
            states.use(key, this::make, this::whole);
        }
        now = now.plusSeconds(60);
        states.use(keys.getFirst(), this::make, this::whole);
        now = now.plusSeconds(60);
        states.use(keys.get(3), this::make, this::whole);
        assertThat(folder.resolve(keys.get(0).name())).isDirectory();
        assertThat(folder.resolve(keys.get(1).name())).doesNotExist();
        assertThat(folder.resolve(keys.get(2).name())).isDirectory();
        assertThat(folder.resolve(keys.get(3).name())).isDirectory();
        assertThat(made).hasValue(4);
    }

    @Test
    void severalAtOnceMakeAStateOnce() throws Exception {
        List<CompletableFuture<String>> uses = IntStream.range(0, 4)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> {
                    try {
                        return new SavedStates(folder, 3, () -> now).<String>use(KEY, this::make, this::whole);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                }))
                .toList();
        for (CompletableFuture<String> use : uses) {
            assertThat(use.get(30, TimeUnit.SECONDS)).isEqualTo("vmm --option");
        }
        assertThat(made).hasValue(1);
    }

    private Path state() {
        return folder.resolve(KEY.name());
    }
}
