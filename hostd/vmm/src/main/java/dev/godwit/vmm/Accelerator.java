package dev.godwit.vmm;

/** What runs the guest's instructions. */
public enum Accelerator {
    /** The kernel's virtualisation. */
    KVM,
    /** QEMU's emulation: slow, and only with {@code allow-emulation: true}. */
    TCG
}
