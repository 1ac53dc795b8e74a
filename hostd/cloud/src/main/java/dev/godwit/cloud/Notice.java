package dev.godwit.cloud;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A provider's word that a host will go.
 *
 * @param source who said it, e.g. {@code aws}
 * @param kind what will happen
 * @param hostId the host it concerns, never blank
 * @param observedAt when this hostd saw it first
 * @param deadline wall time from which the host may be gone, already the smaller of the provider's time and {@code
 *     observedAt} plus the kind's nominal window; null where the provider gives none. No guard is taken off: that is the
 *     policy's
 * @param id the same for every sight of the same notice: (instance, kind)
 * @param raw the provider's answer as it came, for the record
 */
public record Notice(
        String source,
        NoticeKind kind,
        String hostId,
        Instant observedAt,
        @Nullable Instant deadline,
        String id,
        String raw) {
    public Notice {
        if (source.isBlank() || hostId.isBlank() || id.isBlank()) {
            throw new IllegalArgumentException(
                    "a notice needs source, host id and id, has '" + source + "', '" + hostId + "', '" + id + "'");
        }
    }
}
