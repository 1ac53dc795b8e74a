package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.OwnershipRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/** Create-or-attach: one owner's key names one VM, however often and at whichever host it is asked for. Thread-safe. */
final class KeyedVms {
    /** A record is here before its VM is; between them lie the files of a disk and a start of a VMM. */
    private static final Duration APPEARS = Duration.ofSeconds(15);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    private final String hostId;
    private final FleetStore store;
    private final VmLifecycle lifecycle;
    private final Vms vms;

    KeyedVms(String hostId, FleetStore store, VmLifecycle lifecycle, Vms vms) {
        this.hostId = hostId;
        this.store = store;
        this.lifecycle = lifecycle;
        this.vms = vms;
    }

    /**
     * What a request led to.
     *
     * @param made false: the VM was there
     */
    record Attached(HostedVm vm, boolean made) {}

    /**
     * The VM of this request.
     *
     * @throws OwnedElsewhere another host has it
     * @throws Conflict the key's VM is another than the one asked for
     */
    Attached createOrAttach(CreateVm request) throws IOException {
        if (request.key() == null) {
            return new Attached(lifecycle.create(request, lifecycle.newId()), true);
        }
        String vmId = VmOrigin.vmId(request);
        long waitedFrom = System.nanoTime();
        while (System.nanoTime() - waitedFrom < APPEARS.toNanos()) {
            Optional<HostedVm> here = vms.owned(vmId);
            if (here.isPresent()) {
                requireSame(here.get().record(), request);
                return new Attached(here.get(), false);
            }
            Optional<OwnershipRecord> record = read(vmId);
            if (record.isEmpty()) {
                try {
                    return new Attached(lifecycle.create(request, vmId), true);
                } catch (VmIdTaken raced) {
                    pause();
                    continue;
                }
            }
            if (!record.get().owner().equals(hostId)) {
                throw new OwnedElsewhere(vmId, record.get().owner());
            }
            pause();
        }
        throw new Unavailable(
                "VM " + request.name() + " (" + vmId + ") is this host's by the fleet store, and was not here for "
                        + APPEARS.toSeconds() + " s; it is being made or removed, or was lost: 'godwit vm show " + vmId
                        + "' tells.");
    }

    private Optional<OwnershipRecord> read(String vmId) {
        try {
            return store.read(vmId);
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked for VM " + vmId + ": " + e.getMessage(), e);
        }
    }

    private static void requireSame(VmRecord there, CreateVm asked) {
        VmOrigin origin = VmOrigin.of(asked);
        boolean same = there.origin().key().equals(origin.key())
                && there.origin().owner().equals(origin.owner())
                && there.origin().project().equals(origin.project())
                && there.name().equals(asked.name())
                && there.vcpus() == asked.vcpus()
                && there.memoryMib() == asked.memoryMib()
                && there.diskMib() == asked.diskMib();
        if (!same) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "The key " + asked.key() + " of owner " + Objects.requireNonNullElse(asked.owner(), "(none)")
                            + " names VM " + there.name() + " with "
                            + sizes(there.vcpus(), there.memoryMib(), there.diskMib()) + " in project "
                            + there.origin().project() + "; " + asked.name() + " was asked for, with "
                            + sizes(asked.vcpus(), asked.memoryMib(), asked.diskMib()) + " in project "
                            + origin.project()
                            + ". Use another key, or remove that VM.");
        }
    }

    private static String sizes(int vcpus, int memoryMib, int diskMib) {
        return vcpus + " vCPUs, " + memoryMib + " MiB of memory and " + diskMib + " MiB of disk";
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(LOOK_AGAIN);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("hostd stops while a VM was waited for", e);
        }
    }
}
