package dev.godwit.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A guest image on a host.
 *
 * @param digest {@code sha256:...}; null until it is built
 * @param sizeBytes of its root file system; null until it is built
 * @param host where it lies
 * @param detail the step of a build, or why it failed
 */
public record Image(
        @Nullable String digest,
        String name,
        @Nullable Long sizeBytes,
        Instant createdAt,
        ImageState state,
        String host,
        @Nullable String detail) {
    public Image {
        Require.name("image name", name);
    }
}
