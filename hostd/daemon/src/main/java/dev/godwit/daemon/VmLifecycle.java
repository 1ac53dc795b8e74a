package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.EventType;
import dev.godwit.api.Network;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnerLives;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MoveInProgress;
import dev.godwit.move.MovesInProgress;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.VmmDriver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes, stops and ends VMs of this host. Thread-safe. */
final class VmLifecycle {
    private static final Logger log = LoggerFactory.getLogger(VmLifecycle.class);
    /** An emulated guest on a busy machine was seen to boot in 38 s. */
    private static final Duration BOOT = Duration.ofMinutes(3);
    /** guestd syncs and powers off; a file system with much unwritten data takes its time. */
    private static final Duration SHUTDOWN = Duration.ofMinutes(1);

    private final HostParts parts;
    private final String hostId;
    private final FleetStore store;
    private final Images images;
    private final HostFitness fitness;
    private final Vms vms;
    private final String cpuTemplate;
    private final MovesInProgress inProgress;
    private final Departure departure;
    private final Disowning disowning;
    private final Networks networks;
    private final Set<String> making = ConcurrentHashMap.newKeySet();
    private final SecureRandom random = new SecureRandom();

    VmLifecycle(
            HostParts parts,
            String hostId,
            FleetStore store,
            Images images,
            HostFitness fitness,
            Vms vms,
            String cpuTemplate,
            MovesInProgress inProgress,
            Departure departure,
            Disowning disowning,
            Networks networks) {
        this.parts = parts;
        this.hostId = hostId;
        this.store = store;
        this.images = images;
        this.fitness = fitness;
        this.vms = vms;
        this.cpuTemplate = cpuTemplate;
        this.inProgress = inProgress;
        this.departure = departure;
        this.disowning = disowning;
        this.networks = networks;
    }

    /** Makes a VM and boots it; it is {@code creating} until its guest answers. */
    HostedVm create(CreateVm request, String vmId) throws IOException {
        return make(request, vmId, () -> own(vmId, request));
    }

    /**
     * Takes over the record of a VM whose host is gone, and boots the VM anew: from its image, with its name and address.
     * What its disk and memory held went with that host.
     *
     * @param lost the record as it names the host that is gone
     */
    HostedVm claim(OwnershipRecord lost) throws IOException {
        CreateVm request;
        try {
            request = Json.read(lost.detail().getBytes(StandardCharsets.UTF_8), CreateVm.class);
        } catch (BadRequest e) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "The record of VM " + lost.name() + " does not say what it was made from (" + e.getMessage()
                            + "), so it can't be made anew; 'godwit vm rm " + lost.name() + " --force' removes it.");
        }
        return make(request, lost.vmId(), () -> takeOver(lost));
    }

    /** Writes the record that names this host. */
    private interface Owning {
        OwnershipRecord own() throws IOException;
    }

    private HostedVm make(CreateVm request, String vmId, Owning owning) throws IOException {
        fitness.requireTakesVms();
        LocalImage image = images.require(request.image());
        Accelerator accelerator = fitness.accelerator();
        VmmDriver.Probe probe = fitness.probe();
        long diskBytes = (long) request.diskMib() << 20;
        if (diskBytes < image.diskBytes()) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "A disk of " + request.diskMib() + " MiB does not hold image " + image.name()
                            + ", whose file system has " + (image.diskBytes() >> 20) + " MiB; ask for at least that.");
        }
        if (!making.add(vmId)) {
            throw new VmIdTaken(vmId);
        }
        try {
            return make(request, vmId, owning, image, accelerator, probe.machineType());
        } finally {
            making.remove(vmId);
        }
    }

    private HostedVm make(
            CreateVm request, String vmId, Owning owning, LocalImage image, Accelerator accelerator, String machineType)
            throws IOException {
        int uid = parts.admission().admit(vmId, request.vcpus(), request.memoryMib(), accelerator, 0);
        OwnershipRecord owned = null;
        try {
            requireStaying();
            owned = owning.own();
            VmRecord record = new VmRecord(
                    vmId,
                    request.name(),
                    image.digest(),
                    request.vcpus(),
                    request.memoryMib(),
                    request.diskMib(),
                    owned.address(),
                    mac(owned.address()),
                    uid,
                    accelerator,
                    cpuTemplate,
                    machineType,
                    owned.fence(),
                    VmOrigin.of(request).inNetwork(owned.vni()),
                    VmRecord.Phase.CREATING);
            return boot(record, image);
        } catch (IOException | RuntimeException e) {
            if (owned != null) {
                disownNowOrLater(vmId);
            }
            parts.admission().release(vmId);
            throw e;
        }
    }

    /** After the promise: an evacuation looks at promises after it has said that this host takes no VM. */
    private void requireStaying() {
        if (departure.takesNone()) {
            throw new Refused(
                    ProblemCode.HOST_UNFIT, "Host " + hostId + " is to be left and takes no VM; ask another host.");
        }
    }

    /** From now on its network can't be removed: a VM of it is in the fleet store. Until now it could. */
    private void requireThere(Network network) {
        if (networks.forVm(network.project()).vni() != network.vni()) {
            throw new Unavailable(
                    "The network of project " + network.project() + " was made anew at this moment; try again.");
        }
    }

    private HostedVm boot(VmRecord record, LocalImage image) throws IOException {
        HostedVm vm = HostedVm.create(parts, record, image);
        vms.add(vm);
        parts.events().append(EventType.CREATING, record.id(), "VM " + record.name() + " from image " + image.name());
        try {
            vm.boot();
        } catch (IOException | RuntimeException e) {
            try {
                vm.discard();
                vms.remove(vm);
            } catch (IOException left) {
                e.addSuppressed(left); // it is GIVEN, and a reconciliation finishes it
            }
            throw e;
        }
        awaitGuestInBackground(vm);
        return vm;
    }

    /** The VM is {@code running} once its guest answers. */
    void awaitGuestInBackground(HostedVm vm) {
        Thread.ofVirtual().name("boot-" + vm.id()).start(() -> awaitGuest(vm));
    }

    private void awaitGuest(HostedVm vm) {
        try {
            vm.guest().awaitReady(BOOT);
            vm.greet();
            vm.stands(VmRecord.Phase.RUNNING);
            parts.events()
                    .append(EventType.RUNNING, vm.id(), "VM " + vm.record().name() + " answers");
        } catch (IOException | RuntimeException e) {
            if (vm.record().phase() == VmRecord.Phase.CREATING) {
                log.error("vm {}: its guest did not come up: {}", vm.id(), e.getMessage());
                lost(
                        vm,
                        "The guest of VM " + vm.record().name() + " did not come up: " + e.getMessage()
                                + "; 'godwit vm console' shows what it said");
            }
        }
    }

    private void lost(HostedVm vm, String why) {
        try {
            vm.stands(VmRecord.Phase.LOST);
            parts.events().append(EventType.LOST, vm.id(), why);
        } catch (IOException removed) {
            log.info("vm {}: {}", vm.id(), removed.getMessage());
        }
    }

    /** An id for a VM that no key names. */
    String newId() {
        return "vm-" + HexFormat.of().toHexDigits(random.nextInt());
    }

    /** The request goes into the record: from it any host can make the VM anew. */
    private OwnershipRecord own(String vmId, CreateVm request) throws IOException {
        String name = request.name();
        Network network = networks.forVm(VmOrigin.of(request).project());
        OwnershipRecord owned;
        try {
            owned = parts.network()
                    .own(store, new NewOwnership(vmId, name, hostId, "", Json.line(request), network.vni()), network);
        } catch (NameTaken e) {
            throw new Conflict(
                    ProblemCode.NAME_TAKEN,
                    "There is a VM \"" + name + "\" in the fleet; choose another name, or remove that one.");
        } catch (OwnershipConflict e) {
            throw new VmIdTaken(vmId, e);
        } catch (OutcomeUnknown e) {
            disownNowOrLater(vmId);
            throw new Unavailable("VM " + name + " may be in the fleet store or not: " + e.getMessage(), e);
        } catch (AddressTaken e) {
            throw new Refused(ProblemCode.NO_ROOM, String.valueOf(e.getMessage()) + ".");
        } catch (FleetStoreException e) {
            throw new Unavailable("VM " + name + " could not be written into the fleet store: " + e.getMessage(), e);
        }
        try {
            requireThere(network);
        } catch (RuntimeException e) {
            disownNowOrLater(vmId);
            throw e;
        }
        return owned;
    }

    private OwnershipRecord takeOver(OwnershipRecord lost) {
        try {
            return store.takeOver(lost.vmId(), lost.owner(), lost.fence(), hostId);
        } catch (OwnerLives e) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "VM " + lost.name() + " stays with host " + lost.owner()
                            + ", which is back; ask for the VM there.");
        } catch (OwnershipConflict e) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "VM " + lost.name() + " has changed hands meanwhile: " + e.getMessage()
                            + "; look where it is now.");
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "VM " + lost.name() + " may be host " + hostId + "'s by now or not: " + e.getMessage()
                            + "; ask again.",
                    e);
        }
    }

    private void disownNowOrLater(String vmId) {
        try {
            disowning.disown(vmId);
        } catch (FleetStoreException e) {
            log.error(
                    "the ownership record of vm {} keeps its name and address until it can be removed: {}",
                    vmId,
                    e.getMessage());
        }
    }

    /** A locally administered address that follows from the IPv4 address, so that both are unique together. */
    private static String mac(String address) {
        if (address.isEmpty()) {
            return "";
        }
        StringBuilder mac = new StringBuilder("02:67");
        for (String part : address.split("\\.", -1)) {
            mac.append(':').append(HexFormat.of().toHexDigits((byte) Integer.parseInt(part)));
        }
        return mac.toString();
    }

    /**
     * Shuts the guest down and keeps its disk. No move of it begins meanwhile.
     *
     * @throws MoveInProgress it is on the move; nothing was done
     */
    void stop(HostedVm vm) throws IOException, MoveInProgress {
        String stop = "stop-" + UUID.randomUUID();
        inProgress.begin(vm.id(), stop);
        try {
            if (vm.record().phase() != VmRecord.Phase.STOPPED) {
                shutDown(vm);
            }
        } finally {
            inProgress.end(vm.id(), stop);
        }
    }

    private static void shutDown(HostedVm vm) throws IOException {
        var gone = vm.vmm().exited();
        vm.expectPowerOff();
        vm.guest().shutdown();
        try {
            gone.get(SHUTDOWN.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new Unavailable(
                    "The guest of VM " + vm.record().name() + " did not power off within " + SHUTDOWN.toSeconds()
                            + " s; look at 'godwit vm console', or remove the VM.",
                    e);
        } catch (ExecutionException e) {
            throw new IOException("VM " + vm.record().name() + " could not be watched while it stopped", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the stop of VM " + vm.record().name() + " was interrupted", e);
        }
        vm.stopped();
    }

    /**
     * Ends a VM, removes what it has here, and its ownership record at last. No move of it begins meanwhile.
     *
     * @param why the sentence of its last event
     * @throws MoveInProgress it is on the move; nothing was done
     * @throws Unavailable it is gone from here, and its record is not yet; that is tried again
     */
    void delete(HostedVm vm, String why) throws IOException, MoveInProgress {
        String removal = "removal-" + UUID.randomUUID();
        inProgress.begin(vm.id(), removal);
        try {
            VmRecord record = vm.record();
            vm.discard();
            vms.remove(vm);
            parts.events().append(EventType.RELEASED, record.id(), why);
            disown(record.id(), record.name());
        } finally {
            inProgress.end(vm.id(), removal);
        }
    }

    private void disown(String vmId, String name) {
        try {
            disowning.disown(vmId);
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "VM " + name + " is ended and its disk is removed, and its name and address stay taken: the fleet"
                            + " store did not take the removal of its record (" + e.getMessage()
                            + "). Host " + hostId + " tries it again every minute.",
                    e);
        }
    }

    /**
     * Removes the ownership record of a VM of which nothing is here.
     *
     * @return false if no record names this host by this id or name
     */
    boolean deleteRecord(String idOrName) {
        try {
            Optional<OwnershipRecord> record = store.read(idOrName);
            if (record.isEmpty()) {
                record = store.byName(idOrName);
            }
            if (record.filter(found -> found.owner().equals(hostId)).isEmpty()
                    || parts.records().has(record.get().vmId())
                    || making.contains(record.get().vmId())) {
                return false;
            }
            disown(record.get().vmId(), record.get().name());
            parts.events()
                    .append(
                            EventType.RELEASED,
                            record.get().vmId(),
                            "VM " + record.get().name() + " was removed; only its record was left");
            return true;
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked for VM " + idOrName + ": " + e.getMessage(), e);
        }
    }

    /**
     * Ends a VM whose owner is gone for good: the paused copy that this host may have kept of it, and its record.
     *
     * @param record as it names the owner that is gone
     * @param why the sentence of its last event
     * @throws Conflict its owner is back, or another has it
     */
    void writeOff(OwnershipRecord record, EventType told, String why) throws IOException {
        OwnershipRecord ours = takeOver(record); // one that comes back now finds that it is not its own any more
        HostedVm copy = vms.find(record.vmId()).orElse(null);
        if (copy != null) {
            copy.discard();
            vms.remove(copy);
        }
        disown(ours.vmId(), ours.name());
        parts.events().append(told, record.vmId(), why);
    }
}
