package dev.godwit.daemon;

import dev.godwit.api.HostRole;
import dev.godwit.api.ProblemCode;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.VmmDriver;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/** Whether this host may and can run a VM: role, accelerator, VMM, machine type and CPU. */
final class HostFitness {
    private final VmmDriver driver;
    private final boolean allowEmulation;

    private final HostRole role;

    HostFitness(VmmDriver driver, boolean allowEmulation, HostRole role) {
        this.driver = driver;
        this.allowEmulation = allowEmulation;
        this.role = role;
    }

    /** Refuses any VM at an edge, whose rules are for what comes from other machines: a VM of its own would pass by them. */
    void requireTakesVms() {
        if (role == HostRole.EDGE) {
            throw new Refused(
                    ProblemCode.HOST_UNFIT,
                    "this machine is an edge (role: edge), which takes no VM; ask a host: 'godwit host list' shows them.");
        }
    }

    VmmDriver.Probe probe() throws IOException {
        return driver.probe(allowEmulation);
    }

    /** The accelerator of new VMs, or the reason that there is none. */
    Accelerator accelerator() throws IOException {
        VmmDriver.Probe probe = probe();
        Accelerator accelerator = probe.accelerator();
        if (accelerator == null) {
            throw new Refused(ProblemCode.NO_ACCELERATOR, probe.reason());
        }
        return accelerator;
    }

    /** Refuses a VM that would not find here what it has where it runs. */
    void check(VmNeeds needs) throws IOException {
        requireTakesVms();
        VmmDriver.Probe probe = probe();
        if (probe.accelerator() != needs.accelerator()) {
            throw new Refused(
                    ProblemCode.NO_ACCELERATOR,
                    "the VM runs under " + needs.accelerator() + " and this host offers "
                            + (probe.accelerator() == null ? "nothing: " + probe.reason() : probe.accelerator()) + ".");
        }
        if (!probe.machineType().equals(needs.machineType())) {
            throw new Refused(
                    ProblemCode.HOST_UNFIT,
                    "the VM has machine type " + needs.machineType() + " and this host's VMM (" + probe.vmmVersion()
                            + ") offers " + probe.machineType() + "; install the same VMM version on both hosts.");
        }
        Set<String> here = words(driver.cpuFeatures(needs.cpuTemplate(), needs.accelerator()));
        Set<String> missing = words(needs.cpuFeatures());
        missing.removeAll(here);
        if (!missing.isEmpty()) {
            throw new Refused(
                    ProblemCode.CPU_UNFIT,
                    "CPU template \"" + needs.cpuTemplate() + "\" lacks " + String.join(" ", missing)
                            + " on this host; choose a host with these, or a CPU template that both hosts have.");
        }
    }

    private static Set<String> words(String features) {
        return features.isBlank()
                ? new TreeSet<>()
                : new TreeSet<>(Set.of(features.strip().split("\\s+")));
    }
}
