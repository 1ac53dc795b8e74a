package dev.godwit.daemon;

import dev.godwit.api.DiskExport;
import dev.godwit.api.EventType;
import dev.godwit.move.Reservation;
import dev.godwit.nbd.ExportMode;
import dev.godwit.nbd.NbdExport;
import dev.godwit.nbd.NbdServer;
import dev.godwit.nbd.VolumeDevice;
import dev.godwit.vmm.ForeignFolder;
import dev.godwit.vmm.GuestMemory;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.VmmSpec;
import dev.godwit.volume.BaseImage;
import dev.godwit.volume.DiskVolume;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.TargetVolume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One VM on this host: its record, disk, VMM and channel to the guest. {@link #close} lets go of all of it and leaves the
 * VMM running; {@link #discard} ends and removes it. Thread-safe.
 */
final class HostedVm implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HostedVm.class);
    static final String EXPORT = "disk";
    /** A VMM that was told to quit does so in milliseconds; one that hangs is killed. */
    private static final Duration QUIT_GRACE = Duration.ofSeconds(3);
    /** Between two tries to write a record that the disk refused. */
    private static final Duration RECORD_RETRY = Duration.ofSeconds(1);

    private final HostParts parts;
    private final LocalImage image;
    private final BaseImage base;
    private final DiskVolume disk;
    private final KeptRecord kept;
    private final DiskPause diskPause;
    private @Nullable NbdServer nbd;
    private @Nullable NbdExport export;
    private volatile @Nullable Vmm vmm;
    private volatile @Nullable GuestDoor guest;
    private volatile boolean shutDown;
    private boolean held;

    private HostedVm(HostParts parts, VmRecord record, LocalImage image, BaseImage base, DiskVolume disk) {
        this.parts = parts;
        this.kept = new KeptRecord(parts.records(), record, RECORD_RETRY);
        this.diskPause = new DiskPause(new VmDisk(this, parts), parts.events(), DiskPause.LOOK_EVERY);
        this.image = image;
        this.base = base;
        this.disk = disk;
    }

    /** Makes the files of a new VM; nothing runs yet. */
    static HostedVm create(HostParts parts, VmRecord record, LocalImage image) throws IOException {
        parts.records().removeLeftovers(record.id());
        parts.records().save(record);
        try {
            return withNewDisk(parts, record, image);
        } catch (IOException | RuntimeException e) {
            parts.records().remove(record.id());
            throw e;
        }
    }

    private static HostedVm withNewDisk(HostParts parts, VmRecord record, LocalImage image) throws IOException {
        BaseImage base = BaseImage.open(image.disk(), image.digest());
        try {
            return new HostedVm(
                    parts,
                    record,
                    image,
                    base,
                    DiskVolume.create(parts.paths().vm(record.id()), record.diskBytes(), base));
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /** Opens the files of a VM that an earlier hostd had. */
    static HostedVm reopen(HostParts parts, VmRecord record, LocalImage image) throws IOException {
        BaseImage base = BaseImage.open(image.disk(), image.digest());
        try {
            return new HostedVm(
                    parts,
                    record,
                    image,
                    base,
                    DiskVolume.open(parts.paths().vm(record.id()), record.diskBytes(), base));
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    VmRecord record() {
        return kept.now();
    }

    String id() {
        return record().id();
    }

    LocalImage image() {
        return image;
    }

    Path runDirectory() {
        return parts.paths().run(record().id());
    }

    /** Writes down where the VM stands before anything acts on it. */
    void enter(VmRecord.Phase phase) throws IOException {
        kept.enter(record -> record.with(phase));
    }

    /** It stands there already, whether the disk takes the record now or later. */
    void stands(VmRecord.Phase phase) throws IOException {
        kept.stands(record -> record.with(phase));
    }

    /** Boots the guest. */
    synchronized void boot() throws IOException {
        Files.createDirectories(runDirectory());
        parts.network().plugIn(record());
        serveDisk(ExportMode.READ_WRITE);
        Vmm booting = parts.driver().start(spec(false));
        started(booting);
        parts.network().opened(record(), booting.pid());
    }

    /**
     * Starts a VMM that waits for device state; volumes are open to be filled.
     *
     * @return the socket where it waits
     */
    synchronized Path awaitState(Reservation move) throws IOException {
        Files.createDirectories(runDirectory());
        parts.network().plugInWaiting(record(), move);
        Files.deleteIfExists(parts.paths().ramFile(record().id()));
        serveDisk(ExportMode.BEFORE_COMMIT);
        Vmm incoming = parts.driver().start(spec(true));
        started(incoming);
        parts.network().waits(record(), incoming.pid());
        // The source skips zero pages that it never sent: all must be zero here before the stream begins.
        incoming.memory().clear();
        Path stateSocket = incoming.guestSocket().resolveSibling("state-in.sock");
        incoming.acceptState(stateSocket);
        return stateSocket;
    }

    /** Takes back the VMM that an earlier hostd started. */
    synchronized void adopt(ExportMode mode) throws IOException {
        serveDisk(mode);
        Vmm running = parts.driver().adopt(spec(false));
        started(running);
        parts.network().takeBack(record(), running.pid());
    }

    /** Offers the disk on this VM's own socket, which only its VMM's user may open. */
    private void serveDisk(ExportMode mode) throws IOException {
        if (nbd == null) {
            nbd = NbdServer.listen(nbdSocket(), record().uid());
        }
        if (export != null) {
            nbd.withdraw(EXPORT);
        }
        export = new NbdExport(EXPORT, record().id(), record().fence(), new VolumeDevice(disk), mode);
        nbd.export(export);
    }

    private Path nbdSocket() {
        return runDirectory().resolve("nbd.sock");
    }

    private void started(Vmm running) {
        vmm = running;
        running.onEvent(this::heard);
        running.exited().thenRun(() -> exited(running));
    }

    private VmmSpec spec(boolean incoming) {
        return new VmmSpec(
                record().id(),
                record().vcpus(),
                record().memoryMib(),
                record().accelerator(),
                record().cpuTemplate(),
                runDirectory(),
                parts.paths().ramFile(record().id()),
                image.kernel(),
                image.initrd(),
                image.kernelArguments(),
                nbdSocket(),
                EXPORT,
                parts.network().device(record()).orElse(null),
                record().uid(),
                record().id(),
                incoming);
    }

    private void heard(Vmm.Event event) {
        switch (event.name()) {
            case "BLOCK_IO_ERROR" -> {
                log.warn("vm {}: its disk failed: {}", record().id(), event.detailJson());
                diskPause.begin();
            }
            case "SHUTDOWN" -> {
                shutDown = true;
                log.info("vm {}: the guest shut down ({})", record().id(), event.detailJson());
            }
            case "RESET" -> new Regreeting(this).start();
            default -> log.debug("vm {}: {} {}", record().id(), event.name(), event.detailJson());
        }
    }

    private void exited(Vmm gone) {
        VmRecord.Phase phase = record().phase();
        if (vmm != gone || (phase != VmRecord.Phase.RUNNING && phase != VmRecord.Phase.CREATING)) {
            return;
        }
        try {
            if (shutDown) {
                stopped();
                return;
            }
            stands(VmRecord.Phase.LOST);
            parts.events()
                    .append(
                            EventType.LOST,
                            record().id(),
                            "The VMM of VM " + record().name() + " ended without having been told to; its log is in "
                                    + runDirectory());
        } catch (IOException e) {
            log.error("vm {} is lost, and its record can't be written: {}", record().id(), e.getMessage());
        }
    }

    /** The running VMM, or the reason that there is none. */
    Vmm vmm() throws IOException {
        Vmm running = vmm;
        if (running == null) {
            throw new IOException("VM " + record().name() + " has no VMM now: it is " + record().phase());
        }
        return running;
    }

    /** Whether no process of this VM is left; false is no promise that one answers. */
    boolean isGone() {
        Vmm running = vmm;
        if (running != null && !running.exited().isDone()) {
            return false;
        }
        try {
            return processes().living().isEmpty();
        } catch (IOException e) {
            log.warn("vm {}: its processes can't be looked for: {}", id(), e.getMessage());
            return false;
        }
    }

    private VmProcesses processes() {
        return new VmProcesses(id(), record().uid());
    }

    /** Where sockets that the VMM connects to may lie: the directory belongs to its user. */
    Path socketDirectory() throws IOException {
        return vmm().guestSocket().resolveSibling(".").normalize();
    }

    /** What the guest's serial console said since its start on this host. */
    Path consoleLog() throws IOException {
        return vmm().consoleLog();
    }

    boolean hasVmm() {
        return vmm != null;
    }

    DiskVolume disk() {
        return disk;
    }

    GuestMemory memory() throws IOException {
        return vmm().memory();
    }

    /** As a source sends them: memory first, so that a round ends with the disk's newest pages. */
    List<SourceVolume> volumes() throws IOException {
        return List.of(memory(), disk);
    }

    /** As a target fills them, in the same order. */
    List<TargetVolume> arrivingVolumes() throws IOException {
        return List.of(memory(), disk);
    }

    /** Bytes that the disk has of its own. */
    long overlayBytes() {
        return disk.content().count() * Pages.PAGE_BYTES;
    }

    /** Bytes of RAM that hold something. */
    long residentBytes() throws IOException {
        return memory().content().count() * Pages.PAGE_BYTES;
    }

    VmNeeds needs() throws IOException {
        return new VmNeeds(
                record().name(),
                record().image(),
                record().vcpus(),
                record().memoryMib(),
                record().diskMib(),
                record().address(),
                record().mac(),
                record().accelerator(),
                record().cpuTemplate(),
                record().machineType(),
                vmm().cpuFeatures(),
                overlayBytes(),
                record().origin());
    }

    /** Gives the VM another time to live without its caller's word. */
    void leaseFor(int seconds) throws IOException {
        kept.enter(record -> record.with(record.origin().withLeaseSeconds(seconds)));
    }

    /**
     * The ownership record names this host under this fence: the disk takes writes, and the guest goes on, or runs already.
     * That it runs is written down as soon as the disk takes it.
     *
     * @return CLOCK_MONOTONIC nanoseconds when it ran
     */
    synchronized long goOn(long fence) throws IOException {
        NbdExport waiting = export;
        if (waiting != null && waiting.mode() == ExportMode.BEFORE_COMMIT) {
            waiting.open();
        }
        if (record().phase() == VmRecord.Phase.ARRIVING) {
            parts.network().runs(record());
        }
        vmm().resume();
        held = false;
        long at = System.nanoTime();
        kept.stands(record -> record.with(VmRecord.Phase.RUNNING, fence));
        return at;
    }

    /** From now on a move says whether the guest goes on: by {@link #goOn}, or never. */
    synchronized void hold() {
        held = true;
    }

    /** Lets a guest that waits for its disk try again, unless a move holds it. */
    synchronized boolean tryDiskAgain() throws IOException {
        boolean may = !held && record().phase() == VmRecord.Phase.RUNNING && vmm().status() == Vmm.Status.IO_ERROR;
        if (may) {
            vmm().resume();
        }
        return may;
    }

    /** A guest that waited for its disk when an earlier hostd ended is watched by this one. */
    void watchDisk() {
        diskPause.begin();
    }

    /**
     * The channel to the guest; connects at the first use.
     *
     * @throws Unavailable the VM has just gone to another host, which answers
     */
    synchronized GuestDoor guest() throws IOException {
        GuestDoor link = guest;
        if (link == null) {
            if (record().phase() == VmRecord.Phase.GIVEN) {
                throw new Unavailable("VM " + record().name() + " goes on at another host now; ask again.");
            }
            link = GuestDoor.open(record().id(), vmm().guestSocket());
            guest = link;
        }
        return link;
    }

    /** Tells the guest who it is now, gives it entropy and the time; after a boot and after a move. */
    void greet() throws IOException {
        guest().greet(record(), parts.network().identity(record()));
    }

    /** The VM has arrived: the network hears where it is, where it does not know. */
    void announce() throws IOException {
        if (parts.network().learnsByAnnouncement()) {
            vmm().announce();
        }
    }

    /** The guest is told to power off: its VMM's end is no loss. */
    void expectPowerOff() {
        shutDown = true;
    }

    /** The guest is off; the disk stays and can be exported. */
    synchronized void stopped() throws IOException {
        stands(VmRecord.Phase.STOPPED);
        endVmm();
    }

    /** The disk of a stopped VM, read-only. */
    synchronized DiskExport export() throws IOException {
        serveDisk(ExportMode.READ_ONLY);
        return new DiskExport(nbdSocket().toString(), EXPORT);
    }

    /** Ends what runs and removes all that this host has of the VM. Repeating it does no harm. */
    synchronized void discard() throws IOException {
        boolean neverCame = record().phase() == VmRecord.Phase.ARRIVING;
        if (record().phase() != VmRecord.Phase.ARRIVING && record().phase() != VmRecord.Phase.GIVEN) {
            // A full disk must not keep what fills it.
            stands(VmRecord.Phase.GIVEN);
        }
        kept.close();
        NbdExport offered = export;
        if (offered != null) {
            offered.fenceOff();
        }
        endVmm();
        if (nbd != null) {
            nbd.close();
            nbd = null;
            export = null;
        }
        disk.close();
        base.close();
        if (neverCame) {
            parts.network().giveUp(record());
        } else {
            parts.network().unplug(record());
        }
        ForeignFolder.remove(runDirectory());
        parts.records().remove(id());
        parts.admission().release(id());
    }

    private void endVmm() throws IOException {
        GuestDoor link = guest;
        if (link != null) {
            link.close();
            guest = null;
        }
        Vmm running = vmm;
        if (running != null) {
            vmm = null;
            running.end(QUIT_GRACE);
            running.close();
        }
        processes().end(QUIT_GRACE);
        Files.deleteIfExists(parts.paths().ramFile(id()));
    }

    @Override
    public synchronized void close() throws IOException {
        kept.close();
        GuestDoor link = guest;
        if (link != null) {
            link.close();
            guest = null;
        }
        Vmm running = vmm;
        if (running != null) {
            running.close();
        }
        if (nbd != null) {
            nbd.close();
            nbd = null;
        }
        disk.close();
        base.close();
    }
}
