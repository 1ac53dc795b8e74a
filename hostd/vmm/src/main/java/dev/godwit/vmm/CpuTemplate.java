package dev.godwit.vmm;

import java.util.List;

/**
 * A named, pinned set of CPU flags, so that every host looks alike to a guest.
 *
 * @param name for example {@code x86-64-v2-godwit1}; never changes its meaning
 * @param model the VMM's base model
 * @param flags pinned on ({@code +x}) or off ({@code -x}) over the model
 */
public record CpuTemplate(String name, String model, List<String> flags) {}
