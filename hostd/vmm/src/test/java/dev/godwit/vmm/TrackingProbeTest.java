package dev.godwit.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TrackingProbeTest {
    private static final Path TMPFS = Path.of("/dev/shm");

    @Test
    void thisHostCanSeeWhatAGuestWritesAndTheProbeLeavesNothingBehind() throws IOException {
        Tracking tracking = new TrackingProbe(TMPFS).run();

        assertThat(tracking).isEqualTo(new Tracking(true, "uffd-wp-async", ""));
        try (Stream<Path> left = Files.list(TMPFS)) {
            assertThat(left.filter(file -> file.toString().contains("tracking-probe")))
                    .isEmpty();
        }
    }

    @Test
    void aFolderThatIsNotOnATmpfsIsNamed() {
        Tracking tracking = new TrackingProbe(Path.of("/proc")).run();

        assertThat(tracking.works()).isFalse();
        assertThat(tracking.mechanism()).isEqualTo("none");
        assertThat(tracking.reason()).contains("/proc is not on a tmpfs");
    }

    @Test
    void aFolderThatIsMissingIsAReasonAndNotAnException() {
        assertThat(new TrackingProbe(Path.of("/no/such/folder")).run().reason())
                .contains("statfs /no/such/folder: ENOENT");
    }
}
