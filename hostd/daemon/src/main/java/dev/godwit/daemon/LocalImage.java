package dev.godwit.daemon;

import java.nio.file.Path;
import java.time.Instant;

/**
 * A guest image that lies whole on this host.
 *
 * @param digest {@code sha256:} and 64 hex digits, over the manifest, which names the digest of each file
 * @param name what a user calls it; two hosts may call it differently
 * @param directory holds {@code manifest.json} and the files
 * @param diskBytes size of the root disk
 * @param kernelArguments what the image wants on the kernel's command line
 * @param createdAt when it came to this host
 */
record LocalImage(
        String digest, String name, Path directory, long diskBytes, String kernelArguments, Instant createdAt) {
    static final String MANIFEST = "manifest.json";

    Path disk() {
        return directory.resolve("disk.raw");
    }

    Path kernel() {
        return directory.resolve("vmlinuz");
    }

    Path initrd() {
        return directory.resolve("initrd.img");
    }

    Path manifest() {
        return directory.resolve(MANIFEST);
    }
}
