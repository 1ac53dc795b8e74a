package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.EventType;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.AddressPool;
import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Subnet;
import dev.godwit.move.MoveInProgress;
import dev.godwit.move.MovesInProgress;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.VmmDriver;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import java.util.UUID;
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
    private final SecureRandom random = new SecureRandom();

    VmLifecycle(
            HostParts parts,
            String hostId,
            FleetStore store,
            Images images,
            HostFitness fitness,
            Vms vms,
            String cpuTemplate,
            MovesInProgress inProgress) {
        this.parts = parts;
        this.hostId = hostId;
        this.store = store;
        this.images = images;
        this.fitness = fitness;
        this.vms = vms;
        this.cpuTemplate = cpuTemplate;
        this.inProgress = inProgress;
    }

    /** Makes a VM and boots it; it is {@code creating} until its guest answers. */
    HostedVm create(CreateVm request, String vmId) throws IOException {
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
        int uid = parts.admission().admit(vmId, request.vcpus(), request.memoryMib(), accelerator, 0);
        OwnershipRecord owned = null;
        try {
            owned = own(vmId, request);
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
                    probe.machineType(),
                    owned.fence(),
                    VmOrigin.of(request),
                    VmRecord.Phase.CREATING);
            return boot(record, image);
        } catch (IOException | RuntimeException e) {
            if (owned != null) {
                disown(owned.vmId(), owned.fence());
            }
            parts.admission().release(vmId);
            throw e;
        }
    }

    private HostedVm boot(VmRecord record, LocalImage image) throws IOException {
        HostedVm vm = HostedVm.create(parts, record, image);
        vms.add(vm);
        parts.events().append(EventType.CREATING, record.id(), "VM " + record.name() + " from image " + image.name());
        try {
            vm.boot();
        } catch (IOException | RuntimeException e) {
            vms.remove(vm);
            vm.discard();
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
            vm.enter(VmRecord.Phase.RUNNING);
            parts.events()
                    .append(EventType.RUNNING, vm.id(), "VM " + vm.record().name() + " answers");
        } catch (IOException | RuntimeException e) {
            if (vms.find(vm.id()).isPresent()) {
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
            vm.enter(VmRecord.Phase.LOST);
            parts.events().append(EventType.LOST, vm.id(), why);
        } catch (IOException e) {
            log.error("vm {} is lost, and its record can't be written: {}", vm.id(), e.getMessage());
        }
    }

    /** An id for a VM that no key names. */
    String newId() {
        return "vm-" + HexFormat.of().toHexDigits(random.nextInt());
    }

    /** The request goes into the record: from it any host can make the VM anew. */
    private OwnershipRecord own(String vmId, CreateVm request) throws IOException {
        String name = request.name();
        try {
            NewOwnership vm = new NewOwnership(vmId, name, hostId, "", Json.line(request));
            VmNetworkConfig network = parts.network();
            return network == null
                    ? store.create(vm)
                    : new AddressPool(store, Subnet.parse(network.subnet()), Set.of(network.gateway())).create(vm);
        } catch (NameTaken e) {
            throw new Conflict(
                    ProblemCode.NAME_TAKEN,
                    "There is a VM \"" + name + "\" in the fleet; choose another name, or remove that one.");
        } catch (OwnershipConflict e) {
            throw new VmIdTaken(vmId, e);
        } catch (AddressTaken e) {
            throw new Refused(ProblemCode.NO_ROOM, String.valueOf(e.getMessage()) + ".");
        } catch (FleetStoreException e) {
            throw new Unavailable("VM " + name + " could not be written into the fleet store: " + e.getMessage(), e);
        }
    }

    private void disown(String vmId, long fence) {
        try {
            store.delete(vmId, hostId, fence);
        } catch (FleetStoreException e) {
            log.error(
                    "the ownership record of vm {} could not be removed and keeps its name and address: {}",
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

    /** Shuts the guest down and keeps its disk. */
    void stop(HostedVm vm) throws IOException {
        if (vm.record().phase() == VmRecord.Phase.STOPPED) {
            return;
        }
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
     */
    void delete(HostedVm vm, String why) throws IOException, MoveInProgress {
        String removal = "removal-" + UUID.randomUUID();
        inProgress.begin(vm.id(), removal);
        try {
            VmRecord record = vm.record();
            vms.remove(vm);
            vm.discard();
            disown(record.id(), record.fence());
            parts.events().append(EventType.RELEASED, record.id(), why);
        } finally {
            inProgress.end(vm.id(), removal);
        }
    }
}
