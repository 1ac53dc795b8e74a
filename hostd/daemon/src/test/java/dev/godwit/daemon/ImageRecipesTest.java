package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ImageRecipesTest {
    @TempDir
    Path home;

    private Path recipe(String script) throws IOException {
        Path build = home.resolve("images/one/build");
        Files.createDirectories(build.getParent());
        Files.writeString(build, "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(build, PosixFilePermissions.fromString("rwxr-xr-x"));
        return build;
    }

    @Test
    void aRecipeGetsItsFolderAndEachOfItsLinesIsHeard() throws IOException {
        Path build = recipe("echo one >&2; echo \"to $1\" >&2; echo unheard\n");
        List<String> heard = new ArrayList<>();
        new ImageRecipes(home).run(build, home.resolve("out"), heard::add);
        assertThat(heard).containsExactly("one", "to " + home.resolve("out"));
    }

    @Test
    void aFailureNamesWhatAptSaidBesideTheLastLine() throws IOException {
        Path build = recipe(
                "echo 'E: Could not connect to mirror' >&2; echo 'E: apt failed' >&2; echo 'one: see above' >&2; exit 3\n");
        assertThatThrownBy(() -> new ImageRecipes(home).run(build, home, line -> {}))
                .isInstanceOf(IOException.class)
                .hasMessage(build + " failed with status 3: one: see above (E: Could not connect to mirror)");
    }

    @Test
    @Timeout(60)
    void aRecipeThatStandsStillIsEndedWithWhatItBegan() throws IOException {
        Path build = recipe("echo fetching >&2; sleep 600\n");
        assertThatThrownBy(() -> new ImageRecipes(home, Duration.ofSeconds(2)).run(build, home, line -> {}))
                .hasMessageContaining("did not end within 2 s and was ended");
    }

    @Test
    void anUnknownRecipeIsRefusedWithThoseThatThereAre() throws IOException {
        recipe("");
        assertThatThrownBy(() -> new ImageRecipes(home).script("../one"))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("there are: one");
    }
}
