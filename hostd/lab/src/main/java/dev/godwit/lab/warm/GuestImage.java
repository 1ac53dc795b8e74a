package dev.godwit.lab.warm;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.lab.Command;
import dev.godwit.lab.DistFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A guest image as its recipe leaves it.
 *
 * @param directory holds {@code disk.raw}, {@code vmlinuz} and {@code initrd.img}, readable for every user
 * @param digest {@code sha256:} and 64 hex digits over its manifest, which names the digest of each file, guestd's too: it
 *     is in the initramfs
 * @param kernelArguments what it wants on the kernel's command line
 */
record GuestImage(Path directory, String digest, String kernelArguments) {
    /** Without the cache it downloads and packs a Debian. */
    private static final Duration BUILD = Duration.ofMinutes(15);

    /** Builds the image, which takes a moment when it was built before. */
    static GuestImage build(DistFiles dist, String recipe, Path directory) throws IOException {
        Path script = dist.root().resolve("images").resolve(recipe).resolve("build");
        String said = Command.of(script.toString(), directory.toString())
                .within(BUILD)
                .run()
                .strip();
        String digest = said.substring(said.lastIndexOf('\n') + 1);
        if (!digest.matches("sha256:[0-9a-f]{64}")) {
            throw new IOException(script + " ended with \"" + digest + "\" instead of the image's digest");
        }
        String arguments = new ObjectMapper()
                .readTree(directory.resolve("manifest.json").toFile())
                .path("kernelArguments")
                .asText();
        return new GuestImage(directory, digest, arguments);
    }

    Path disk() {
        return directory.resolve("disk.raw");
    }

    Path kernel() {
        return directory.resolve("vmlinuz");
    }

    Path initrd() {
        return directory.resolve("initrd.img");
    }
}
