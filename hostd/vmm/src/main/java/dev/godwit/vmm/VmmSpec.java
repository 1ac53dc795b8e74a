package dev.godwit.vmm;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a VMM process is started with. Source and target of a move get the same values but for paths and
 * {@code incoming}.
 *
 * @param vmId the VM's id, unique in the fleet
 * @param vcpus 1..64
 * @param memoryMib RAM in MiB
 * @param cpuTemplate name of a {@link CpuTemplate}
 * @param runDirectory this VM's private directory: sockets, console log, pid file; made by the driver (root's, with a
 *     part of it for uid), its parent by the caller; absolute, at most 80 bytes (unix sockets)
 * @param ramFile RAM file on hostd's tmpfs; made by the driver (sparse, no fallocate) and given to uid, who must be able
 *     to reach it; an incoming VM keeps one that is there, whose content the caller answers for
 * @param kernel bzImage
 * @param initrd initramfs
 * @param kernelArguments appended to the driver's own
 * @param nbdSocket unix socket of our NBD server
 * @param nbdExport export name on it
 * @param tap network device, null for a VM without network
 * @param uid user and group id the VMM runs as
 * @param cgroup name of the VM's control group below hostd's
 * @param incoming true: wait for device state ({@link Vmm#acceptState}); false: boot
 */
public record VmmSpec(
        String vmId,
        int vcpus,
        int memoryMib,
        Accelerator accelerator,
        String cpuTemplate,
        Path runDirectory,
        Path ramFile,
        Path kernel,
        Path initrd,
        String kernelArguments,
        Path nbdSocket,
        String nbdExport,
        @Nullable TapSpec tap,
        int uid,
        String cgroup,
        boolean incoming) {
    /** The least that a Linux guest boots with. */
    public static final int MEMORY_MIB_MIN = 64;
    /** 1 TiB. */
    public static final int MEMORY_MIB_MAX = 1 << 20;
    /** No host lends more to one VM. */
    public static final int VCPUS_MAX = 64;

    /** Checks what would otherwise be found out by a VMM that does not start. */
    public VmmSpec {
        if (!vmId.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "VM id " + vmId + " is not 1 to 64 letters, digits, dots, dashes and underscores");
        }
        if (vcpus < 1 || vcpus > VCPUS_MAX) {
            throw new IllegalArgumentException(
                    "VM " + vmId + ": " + vcpus + " vCPUs are not between 1 and " + VCPUS_MAX);
        }
        if (memoryMib < MEMORY_MIB_MIN || memoryMib > MEMORY_MIB_MAX) {
            throw new IllegalArgumentException("VM " + vmId + ": memory of " + memoryMib + " MiB is not between "
                    + MEMORY_MIB_MIN + " and " + MEMORY_MIB_MAX);
        }
        if (uid < 1) {
            throw new IllegalArgumentException("VM " + vmId + ": a VMM never runs as user " + uid);
        }
        if (kernelArguments.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("VM " + vmId + ": kernel arguments hold a control character");
        }
    }

    /**
     * A tap device that exists already, with a vnet header. The launcher opens it for the VMM, so it need not belong to
     * the VMM's uid.
     *
     * @param interfaceName for example {@code gw0}
     * @param mac for example {@code 02:67:77:00:00:01}
     */
    public record TapSpec(String interfaceName, String mac) {
        /** Checks both names. */
        public TapSpec {
            if (!interfaceName.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,14}")) {
                throw new IllegalArgumentException(interfaceName + " is not the name of a network interface");
            }
            if (!mac.matches("[0-9a-f]{2}(:[0-9a-f]{2}){5}")) {
                throw new IllegalArgumentException(
                        mac + " is not a MAC address in lower case, such as 02:67:77:00:00:01");
            }
        }
    }
}
