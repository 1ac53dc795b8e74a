package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoOptionsTest {
    @Test
    void nothingAskedForIsOneHopOfABuildWithOneVcpu() {
        assertThat(DemoOptions.parse(new String[0]))
                .isEqualTo(new DemoOptions("build", 1, 1, Path.of("build/demo"), false));
    }

    @Test
    void everyOptionIsRead() {
        assertThat(DemoOptions.parse(
                        new String[] {"--scenario", "build", "--hops", "3", "--vcpus", "2", "--report", "out", "--keep"
                        }))
                .isEqualTo(new DemoOptions("build", 3, 2, Path.of("out"), true));
    }

    @ParameterizedTest
    @CsvSource({
        "--hops, 0, --hops 0",
        "--hops, x, --hops x",
        "--vcpus, 3, --vcpus 3",
        "--scenario, walk, walk",
        "--speed, 1, --speed",
        "--keep, --hops, --hops needs a value"
    })
    void whatCannotBeIsRefusedByName(String first, String second, String named) {
        assertThatThrownBy(() -> DemoOptions.parse(new String[] {first, second}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(named);
    }
}
