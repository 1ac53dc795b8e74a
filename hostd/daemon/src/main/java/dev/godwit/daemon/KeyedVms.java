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

/**
 * Create-or-attach: one owner's key names one VM, however often and at whichever host it is asked for. Attaching renews the
 * VM's lease. Thread-safe.
 */
final class KeyedVms {
    /** A record is here before its VM is; between them lie the files of a disk and a start of a VMM. */
    private static final Duration APPEARS = Duration.ofSeconds(15);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    private final String hostId;
    private final FleetStore store;
    private final VmLifecycle lifecycle;
    private final Vms vms;
    private final VmLeases leases;
    private final ImageNames images;

    KeyedVms(String hostId, FleetStore store, VmLifecycle lifecycle, Vms vms, VmLeases leases, ImageNames images) {
        this.hostId = hostId;
        this.store = store;
        this.lifecycle = lifecycle;
        this.vms = vms;
        this.leases = leases;
        this.images = images;
    }

    /** What this host's images are called. */
    interface ImageNames {
        /** The digest of the image of this name or digest; empty where this host has none. */
        Optional<String> digest(String nameOrDigest) throws IOException;
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
     * @throws Conflict the key's VM is another than the one asked for, or it is on the move and another lease is asked for
     */
    Attached createOrAttach(CreateVm request) throws IOException {
        if (request.key() == null) {
            return new Attached(lifecycle.create(request, lifecycle.newId()), true);
        }
        String vmId = VmOrigin.vmId(request);
        long waitedFrom = System.nanoTime();
        while (System.nanoTime() - waitedFrom < APPEARS.toNanos()) {
            Optional<HostedVm> here = vms.owned(vmId);
            if (here.isPresent() && !isTakenFromHere(vmId)) {
                requireSame(here.get().record(), request);
                if (leases.attached(here.get(), request.leaseSeconds())) {
                    return new Attached(here.get(), false);
                }
                pause(); // its lease ran out just now: another one is made as soon as it is gone
                continue;
            }
            Optional<OwnershipRecord> record = read(vmId);
            if (record.isEmpty() && here.isEmpty()) {
                try {
                    return new Attached(lifecycle.create(request, vmId), true);
                } catch (VmIdTaken raced) {
                    pause();
                    continue;
                }
            }
            if (record.isPresent() && !record.get().owner().equals(hostId)) {
                throw new OwnedElsewhere(vmId, record.get().owner());
            }
            pause();
        }
        throw new Unavailable(
                "VM " + request.name() + " (" + vmId + ") is this host's by the fleet store, and was not here for "
                        + APPEARS.toSeconds() + " s; it is being made or removed, or was lost: 'godwit vm show " + vmId
                        + "' tells.");
    }

    /** A copy of a VM that was removed or taken over while this host was away is about to be ended. */
    private boolean isTakenFromHere(String vmId) {
        try {
            return store.read(vmId)
                    .filter(record -> record.owner().equals(hostId))
                    .isEmpty();
        } catch (FleetStoreException away) {
            return false;
        }
    }

    private Optional<OwnershipRecord> read(String vmId) {
        try {
            return store.read(vmId);
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked for VM " + vmId + ": " + e.getMessage(), e);
        }
    }

    private void requireSame(VmRecord there, CreateVm asked) throws IOException {
        VmOrigin origin = VmOrigin.of(asked);
        boolean same = there.origin().key().equals(origin.key())
                && there.origin().owner().equals(origin.owner())
                && there.origin().project().equals(origin.project())
                && there.origin().labels().equals(origin.labels())
                && there.name().equals(asked.name())
                && there.vcpus() == asked.vcpus()
                && there.memoryMib() == asked.memoryMib()
                && there.diskMib() == asked.diskMib()
                && isSameImage(there, asked);
        if (!same) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "The key " + asked.key() + " of owner " + Objects.requireNonNullElse(asked.owner(), "(none)")
                            + " names VM " + there.name() + " from image " + there.image() + " with "
                            + sizes(there.vcpus(), there.memoryMib(), there.diskMib()) + " in project "
                            + there.origin().project() + ", labels "
                            + there.origin().labels() + "; " + asked.name()
                            + " was asked for, from image " + asked.image() + " with "
                            + sizes(asked.vcpus(), asked.memoryMib(), asked.diskMib()) + " in project "
                            + origin.project() + ", labels " + origin.labels()
                            + ". Use another key, or remove that VM.");
        }
    }

    /**
     * The same request is always about the same VM, also after an image was built anew under its name; another way to name the
     * image has to lead to the VM's digest.
     */
    private boolean isSameImage(VmRecord there, CreateVm asked) throws IOException {
        return asked.image().equals(there.image())
                || read(there.id())
                        .flatMap(RecordedVm::request)
                        .filter(made -> made.image().equals(asked.image()))
                        .isPresent()
                || images.digest(asked.image()).filter(there.image()::equals).isPresent();
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
