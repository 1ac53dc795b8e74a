package dev.godwit.daemon;

/**
 * The MTU of every VM, frozen for its life (design §8): what is left of 1500 bytes under WireGuard (80) and VXLAN (50), so
 * that a VM may go to any host, also to one with a plain underlay or without a routed network.
 */
final class VmMtu {
    static final int BYTES = 1370;

    private VmMtu() {}
}
