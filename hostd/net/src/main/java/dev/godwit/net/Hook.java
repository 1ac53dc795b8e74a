package dev.godwit.net;

/** A program and the place that it is attached at. */
public enum Hook {
    /** What a VM sends: its tap's ingress. */
    VM_OUT("vm_out", true),
    /** What other hosts send to a host: its VXLAN device's ingress. */
    VX_IN("vx_in", true),
    /** What hosts send to an edge: its VXLAN device's ingress. */
    VX_GW("vx_gw", true),
    /** What an edge's own network sends to VMs, and what VMs send at a rate: the VXLAN device's egress. */
    VX_OUT("vx_out", false);

    private final String program;
    private final boolean ingress;

    Hook(String program, boolean ingress) {
        this.program = program;
        this.ingress = ingress;
    }

    /** The program's name in the object. */
    String program() {
        return program;
    }

    /** Whether it sees what the device receives, else what it sends. */
    boolean ingress() {
        return ingress;
    }
}
