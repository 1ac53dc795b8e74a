package dev.godwit.fleet;

/**
 * Which host may run a VM.
 *
 * @param fence from 1; grows by one at every successful write
 * @param address fleet-wide IPv4 address, empty for none
 * @param detail as given at creation
 */
public record OwnershipRecord(String vmId, String name, String owner, long fence, String address, String detail) {
    public OwnershipRecord {
        if (fence < 1) {
            throw new IllegalArgumentException("fence " + fence + " of vm " + vmId + " is below 1");
        }
    }

    /** The same VM under another owner and the next fence. */
    public OwnershipRecord ownedBy(String newOwner) {
        return new OwnershipRecord(vmId, name, newOwner, fence + 1, address, detail);
    }
}
