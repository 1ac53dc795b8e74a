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
 * @param runDirectory this VM's private directory: sockets, console log, pid file; made by the caller, owned by uid
 * @param ramFile RAM file on hostd's tmpfs; made by the driver when it is not there (sparse, no fallocate)
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
    /**
     * A tap device that exists already and is owned by the VMM's uid.
     *
     * @param interfaceName for example {@code gw0}
     * @param mac for example {@code 02:67:77:00:00:01}
     */
    public record TapSpec(String interfaceName, String mac) {}
}
