package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * How long the guest stood still.
 *
 * @param hostd {@code stop} sent at the source to RESUME at the target; null where it was not measured (two machines
 *     share no clock)
 */
public record Blackout(@Nullable Double hostd) {}
