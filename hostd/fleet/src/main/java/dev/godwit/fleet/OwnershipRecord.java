package dev.godwit.fleet;

/**
 * Which host may run a VM.
 *
 * @param fence from 1; grows by one at every successful write
 * @param address fleet-wide IPv4 address, empty for none
 * @param detail as given at creation
 * @param vni number of the network that it is in, for its life
 * @param created grows from record to record and stays through transfers: a VM made anew under the same id has another
 */
public record OwnershipRecord(
        String vmId, String name, String owner, long fence, String address, String detail, int vni, long created) {
    public OwnershipRecord {
        if (fence < 1) {
            throw new IllegalArgumentException("fence " + fence + " of vm " + vmId + " is below 1");
        }
    }

    /** A VM of the default network, of which nobody says when it was made. */
    public OwnershipRecord(String vmId, String name, String owner, long fence, String address, String detail) {
        this(vmId, name, owner, fence, address, detail, NewOwnership.VNI_DEFAULT, 0);
    }

    /** Whether both are of one VM, whoever owns it: not of two that had the same id one after the other. */
    public boolean isSameVm(OwnershipRecord other) {
        return vmId.equals(other.vmId) && created == other.created;
    }

    /** The same VM under another owner and the next fence. */
    public OwnershipRecord ownedBy(String newOwner) {
        return new OwnershipRecord(vmId, name, newOwner, fence + 1, address, detail, vni, created);
    }
}
