package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Network;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.fleet.OwnershipRecord;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/** What an ownership record alone tells of a VM. */
final class RecordedVm {
    private RecordedVm() {}

    /** The request that the VM was made by; empty where the record does not hold it. */
    static Optional<CreateVm> request(OwnershipRecord record) {
        try {
            return Optional.of(Json.read(record.detail().getBytes(StandardCharsets.UTF_8), CreateVm.class));
        } catch (BadRequest foreign) {
            return Optional.empty();
        }
    }

    /** The VM as it was asked for: its image is called as it was then. */
    static Vm of(OwnershipRecord record, VmState state) {
        Optional<CreateVm> request = request(record);
        return new Vm(
                record.vmId(),
                record.name(),
                state,
                record.owner(),
                record.fence(),
                request.map(CreateVm::image).orElse(""),
                request.map(CreateVm::vcpus).orElse(0),
                request.map(CreateVm::memoryMib).orElse(0),
                request.map(CreateVm::diskMib).orElse(0),
                record.address().isEmpty() ? null : record.address(),
                null,
                null,
                request.map(CreateVm::owner).orElse(null),
                request.map(CreateVm::key).orElse(null),
                request.map(CreateVm::labels).orElse(Map.of()),
                request.map(CreateVm::project).orElse(Network.DEFAULT_PROJECT),
                request.map(CreateVm::leaseSeconds).orElse(null),
                null);
    }
}
