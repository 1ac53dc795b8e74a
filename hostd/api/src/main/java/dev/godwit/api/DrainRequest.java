package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * Asks that all VMs leave a host.
 *
 * @param deadlineSeconds how long they have, 1 to 86,400; null for a drain without deadline
 */
public record DrainRequest(@Nullable Integer deadlineSeconds) {
    public DrainRequest {
        if (deadlineSeconds != null) {
            Require.between("deadlineSeconds", deadlineSeconds, 1, 86_400);
        }
    }
}
