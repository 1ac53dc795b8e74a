package dev.godwit.vmm;

import java.util.List;
import java.util.Map;

/**
 * A named, pinned set of CPU flags, so that every host looks alike to a guest. A VM keeps its template for life, so a
 * name never changes its meaning: another set of flags is another name.
 *
 * @param name for example {@code x86-64-v2-godwit1}; never changes its meaning
 * @param model the VMM's base model, with its version ({@code Nehalem-v1}); never {@code host} or {@code max}, whose
 *     meaning is the machine's
 * @param flags pinned on ({@code +x}) or off ({@code -x}) over the model
 */
public record CpuTemplate(String name, String model, List<String> flags) {
    /**
     * x86-64-v2 (SSE4.2, POPCNT, CMPXCHG16B) with AES, carry-less multiply and RDRAND: what every x86 server of the last
     * ten years has, and what QEMU's emulation implements without a warning. Debian 12's gcc and glibc run on it.
     */
    public static final CpuTemplate X86_64_V2_GODWIT1 = new CpuTemplate(
            "x86-64-v2-godwit1", "Nehalem-v1", List.of("+aes", "+pclmulqdq", "+rdrand", "+rdtscp", "+arat"));

    private static final Map<String, CpuTemplate> KNOWN = Map.of(X86_64_V2_GODWIT1.name, X86_64_V2_GODWIT1);

    /** Checks every part; what is pinned must be a name, never a free text for a command line. */
    public CpuTemplate {
        if (!name.matches("[a-z0-9][a-z0-9.-]{0,63}")) {
            throw new IllegalArgumentException("CPU template name " + name + " is not 1 to 64 of a-z, 0-9, dot, dash");
        }
        if (!model.matches("[A-Za-z0-9][A-Za-z0-9-]*-v[0-9]+")) {
            throw new IllegalArgumentException("CPU model " + model + " of template " + name
                    + " is not a versioned model such as Nehalem-v1: its flags would differ between VMM versions");
        }
        for (String flag : flags) {
            if (!flag.matches("[+-][a-z0-9][a-z0-9.-]*")) {
                throw new IllegalArgumentException(
                        "CPU flag " + flag + " of template " + name + " is not +flag or -flag");
            }
        }
        flags = List.copyOf(flags);
    }

    /**
     * The template of this name.
     *
     * @throws IllegalArgumentException there is none; the message lists those there are
     */
    public static CpuTemplate named(String name) {
        CpuTemplate template = KNOWN.get(name);
        if (template == null) {
            throw new IllegalArgumentException(
                    "there is no CPU template " + name + "; known are " + String.join(", ", KNOWN.keySet()));
        }
        return template;
    }
}
