package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * What a drain does with one VM.
 *
 * @param to the target; null when none fits
 * @param planned null when none fits
 * @param moveId null before the move began
 * @param reason why none fits; empty otherwise
 */
public record DrainStep(
        String vm,
        @Nullable String to,
        @Nullable PlannedMove planned,
        @Nullable String moveId,
        String reason) {}
