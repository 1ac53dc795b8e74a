package dev.godwit.fleet;

import java.util.HashSet;
import java.util.Set;

/** Gives each new VM the lowest free address of a subnet. Thread-safe; several hosts may do it at once. */
public final class AddressPool {
    /** Each lost race means that another VM was created; more than this many in a row is a fault, not a race. */
    private static final int RACES_MOST = 64;

    private final FleetStore store;
    private final Subnet subnet;
    private final Set<String> reserved;

    /** @param reserved addresses of the subnet that no VM gets, such as the gateway's */
    public AddressPool(FleetStore store, Subnet subnet, Set<String> reserved) {
        this.store = store;
        this.subnet = subnet;
        this.reserved = Set.copyOf(reserved);
    }

    /**
     * Creates the record with an address of the pool in place of {@code vm.address()}.
     *
     * @throws AddressTaken no address of the subnet is free
     */
    public OwnershipRecord create(NewOwnership vm)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        Set<String> taken = new HashSet<>(reserved);
        for (OwnershipRecord record : store.list()) {
            taken.add(record.address());
        }
        for (int race = 0; race < RACES_MOST; race++) {
            String address = subnet.lowestFree(taken)
                    .orElseThrow(() -> new AddressTaken("vm " + vm.vmId() + ": every address of " + subnet
                            + " belongs to a vm; remove a vm or configure a larger subnet"));
            try {
                return store.create(new NewOwnership(vm.vmId(), vm.name(), vm.owner(), address, vm.detail(), vm.vni()));
            } catch (AddressTaken race1) {
                taken.add(address);
            }
        }
        throw new AddressTaken("vm " + vm.vmId() + ": lost the race for an address of " + subnet + " " + RACES_MOST
                + " times in a row; other hosts create vms very fast, try again");
    }
}
