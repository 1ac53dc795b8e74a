package dev.godwit.api;

import java.util.Locale;

/** What runs a guest's instructions. */
public enum AcceleratorKind {
    /** The kernel's virtualisation. */
    KVM,
    /** QEMU's emulation: slow, only with {@code allow-emulation: true}. */
    TCG;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
