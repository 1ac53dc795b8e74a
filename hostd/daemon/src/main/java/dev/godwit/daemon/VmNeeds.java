package dev.godwit.daemon;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.vmm.Accelerator;

/**
 * What a VM needs of the host that is to take it: the {@code needs} of a reservation.
 *
 * @param name the VM's name
 * @param image digest of the base image
 * @param overlayBytes what its disk has of its own now
 * @param origin who asked for it
 * @param cpuFeatures as the guest reads them, one word a flag, sorted
 */
record VmNeeds(
        String name,
        String image,
        int vcpus,
        int memoryMib,
        int diskMib,
        String address,
        String mac,
        Accelerator accelerator,
        String cpuTemplate,
        String machineType,
        String cpuFeatures,
        long overlayBytes,
        VmOrigin origin) {
    private static final ObjectMapper json = new ObjectMapper();

    String write() throws JacksonException {
        return json.writeValueAsString(this);
    }

    static VmNeeds read(String needs) throws JacksonException {
        return json.readValue(needs, VmNeeds.class);
    }

    /** The VM as this host would remember it. */
    VmRecord record(String vmId, int uid, long fence) {
        return new VmRecord(
                vmId,
                name,
                image,
                vcpus,
                memoryMib,
                diskMib,
                address,
                mac,
                uid,
                accelerator,
                cpuTemplate,
                machineType,
                fence,
                origin,
                VmRecord.Phase.ARRIVING);
    }
}
