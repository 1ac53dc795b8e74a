package dev.godwit.vmm;

import java.io.IOException;

/** Starts VMM processes of one kind, and takes them back after a restart of hostd. Thread-safe. */
public interface VmmDriver {
    /**
     * What a host can run.
     *
     * @param accelerator null when the host can run no guest
     * @param vmmVersion for example {@code QEMU 7.2.22}
     * @param machineType versioned machine type
     * @param reason why there is no accelerator, or why it is emulation; empty when all is well
     */
    record Probe(
            @org.jspecify.annotations.Nullable Accelerator accelerator,
            String vmmVersion,
            String machineType,
            String reason) {}

    /** Runs a tiny guest: a device node proves nothing. Cached for the process's life. */
    Probe probe(boolean allowEmulation) throws IOException;

    /**
     * The flags that a guest of a CPU template reads on this host, as {@link Vmm#cpuFeatures} gives them; what a target
     * compares in RESERVE. Cached for the process's life.
     *
     * @throws IOException the host's CPU lacks a flag of the template, or the VMM did not start
     */
    String cpuFeatures(String cpuTemplate, Accelerator accelerator) throws IOException;

    /**
     * Starts a VMM. Returns when its monitor answers and its RAM was handed over.
     *
     * @throws IOException it did not start, or did not hand its RAM over in time; nothing is left behind
     */
    Vmm start(VmmSpec spec) throws IOException;

    /**
     * Takes over a VMM that an earlier hostd started, its userfaultfd included.
     *
     * @throws IOException the process is gone or is not the one that the run directory names
     */
    Vmm adopt(VmmSpec spec) throws IOException;
}
