package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * What runs on a host.
 *
 * @param vmm for example {@code QEMU 7.2.22}; null when there is none
 * @param machineType versioned machine type; null when there is no VMM
 */
public record Versions(
        String godwit,
        String kernel,
        @Nullable String vmm,
        @Nullable String machineType) {}
