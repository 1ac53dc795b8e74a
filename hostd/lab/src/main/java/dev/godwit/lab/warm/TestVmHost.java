package dev.godwit.lab.warm;

import dev.godwit.guest.GuestChannel;
import dev.godwit.guest.GuestException;
import dev.godwit.lab.DistFiles;
import dev.godwit.nbd.BlockDevice;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.Cgroups;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.DeviceStateReader;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.VmmDriver;
import dev.godwit.vmm.qemu.QemuDriver;
import dev.godwit.vmm.qemu.QemuSettings;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts guests for tests: {@code try (TestVm vm = host.start("debian-ci")) { ... }}. A guest is restored from a state that
 * was saved when its kind was booted for the first time, by the same driver and in the same order as hostd takes a moving
 * VM in: a VMM that waits, its RAM filled through its own mapping, device state, disk, then entropy, time and identity.
 * Needs root. For one thread.
 */
public final class TestVmHost implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TestVmHost.class);
    private static final Duration HAND_OVER = Duration.ofSeconds(20);
    /** A cold boot takes about 3 s under emulation on a quiet machine, 40 s on a loaded one. */
    private static final Duration BOOT = Duration.ofMinutes(2);
    /** A restored guest answers within 0.1 s; on a loaded machine in seconds. */
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private static final Duration STATE = Duration.ofSeconds(20);
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final DistFiles dist;
    private final SavedStates states;
    private final Opened parts;
    private final Path directory;
    private final Path ram;
    private final Path ramHandOver;
    private final QemuDriver driver;
    private final Map<String, GuestImage> images = new HashMap<>();
    private int started;

    private TestVmHost(
            DistFiles dist,
            SavedStates states,
            Opened parts,
            Path directory,
            Path ram,
            Path ramHandOver,
            QemuDriver driver) {
        this.dist = dist;
        this.states = states;
        this.parts = parts;
        this.directory = directory;
        this.ram = ram;
        this.ramHandOver = ramHandOver;
        this.driver = driver;
    }

    /** A host with the states of {@code ${GODWIT_CACHE:-/var/cache/godwit}/warm}. */
    public static TestVmHost open() throws IOException {
        Path cache = Path.of(Optional.ofNullable(System.getenv("GODWIT_CACHE")).orElse("/var/cache/godwit"));
        return open(new SavedStates(cache.resolve("warm"), SavedStates.KEPT_MAX, InstantSource.system()));
    }

    static TestVmHost open(SavedStates states) throws IOException {
        DistFiles dist = DistFiles.ofProperty();
        Opened parts = new Opened();
        try {
            Path directory = passable(Files.createTempDirectory(Path.of("/tmp"), "gww"));
            parts.add(() -> SavedStates.deleteTree(directory));
            Path ram = passable(Files.createTempDirectory(Path.of("/dev/shm"), "gww"));
            parts.add(() -> SavedStates.deleteTree(ram));
            Path ramHandOver = dist.root().resolve("dist/native/libgodwit-ram-handover.so");
            QemuDriver driver = new QemuDriver(new QemuSettings(
                    QemuSettings.DEFAULT_QEMU,
                    dist.root().resolve("dist/native/vmm-launch"),
                    ramHandOver,
                    directory.resolve("scratch"),
                    Cgroups.detect("lab-warm"),
                    HAND_OVER));
            return new TestVmHost(dist, states, parts, directory, ram, ramHandOver, driver);
        } catch (IOException | RuntimeException failed) {
            parts.close();
            throw failed;
        }
    }

    private static Path passable(Path directory) throws IOException {
        return Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** What this machine lacks for it, or nothing. */
    public static Optional<String> lacking() {
        if (!Files.isExecutable(QemuSettings.DEFAULT_QEMU)) {
            return Optional.of("no qemu-system-x86_64: install qemu-system-x86");
        }
        return Files.isWritable(Path.of("/dev/userfaultfd"))
                ? Optional.empty()
                : Optional.of("needs root and /dev/userfaultfd");
    }

    /** A small guest of an image, by the name of its recipe. */
    public TestVm start(String image) throws IOException {
        return start(image, GuestShape.SMALL);
    }

    /** A guest of an image. */
    public TestVm start(String image, GuestShape shape) throws IOException {
        return start(image, shape, UnaryOperator.identity());
    }

    /**
     * A guest whose disk is not what it seems.
     *
     * @param wrap puts something between the VM and its disk
     */
    public TestVm start(String image, GuestShape shape, UnaryOperator<BlockDevice> wrap) throws IOException {
        long from = System.nanoTime();
        GuestImage built = image(image);
        StateKey key = StateKey.of(
                built, shape, driver.probe(true), accelerator(), CpuTemplate.X86_64_V2_GODWIT1, ramHandOver);
        TestVm vm = states.use(
                key, into -> save(built, shape, key, into), saved -> restore(nextPlace(), built, shape, saved, wrap));
        log.info("{} runs {} ms after it was asked for", vm.name(), (System.nanoTime() - from) / 1_000_000);
        return vm;
    }

    /** A guest that boots; for tests of what only a boot does. */
    public TestVm boot(String image, GuestShape shape) throws IOException {
        return boot(nextPlace(), image(image), shape);
    }

    private GuestImage image(String recipe) throws IOException {
        GuestImage known = images.get(recipe);
        if (known == null) {
            known = GuestImage.build(dist, recipe, passable(Files.createDirectory(directory.resolve(recipe))));
            images.put(recipe, known);
        }
        return known;
    }

    private Accelerator accelerator() throws IOException {
        VmmDriver.Probe probe = driver.probe(true);
        return Objects.requireNonNull(probe.accelerator(), () -> "no guest runs here: " + probe.reason());
    }

    private VmPlace nextPlace() {
        int number = ++started;
        return new VmPlace(number, directory.resolve("vm" + number), ram.resolve("vm" + number));
    }

    private void save(GuestImage image, GuestShape shape, StateKey key, Path into) throws IOException {
        VmPlace place = nextPlace();
        try (TestVm vm = boot(place, image, shape)) {
            vm.run("sync");
            vm.channel().close();
            vm.vmm().pause();
            try (DeviceStateReader devices =
                    DeviceStateReader.listen(place.id(), vm.vmm().guestSocket().resolveSibling("state-out.sock"))) {
                vm.vmm().saveState(devices.socket(), STATE);
                vm.disk().flush();
                SavedState.write(
                        into,
                        key,
                        place.ramFile(),
                        devices.state(),
                        place.diskFolder(),
                        place.commandLine(vm.vmm().pid(), image));
            }
        }
    }

    private TestVm boot(VmPlace place, GuestImage image, GuestShape shape) throws IOException {
        Opened own = new Opened();
        try {
            begin(own, place);
            VmDisk disk = own.add(VmDisk.fresh(image, shape, place.diskFolder(), place.nbdSocket(), place.uid()));
            Vmm vmm = launch(own, place, image, shape, false);
            return greeted(own, place, vmm, disk, BOOT);
        } catch (IOException | RuntimeException failed) {
            own.close();
            throw failed;
        }
    }

    private TestVm restore(
            VmPlace place, GuestImage image, GuestShape shape, SavedState saved, UnaryOperator<BlockDevice> wrap)
            throws IOException {
        Opened own = new Opened();
        try {
            begin(own, place);
            saved.copyDisk(place.diskFolder());
            VmDisk disk =
                    own.add(VmDisk.arriving(image, shape, place.diskFolder(), place.nbdSocket(), place.uid(), wrap));
            Vmm vmm = launch(own, place, image, shape, true);
            requireSame(saved.commandLine(), place.commandLine(vmm.pid(), image));
            Path socket = vmm.guestSocket().resolveSibling("state-in.sock");
            vmm.acceptState(socket);
            saved.fill(vmm.memory());
            load(vmm, socket, saved.devices());
            disk.open();
            vmm.resume();
            return greetedAgain(own, place, vmm, disk);
        } catch (IOException | RuntimeException failed) {
            own.close();
            throw failed;
        }
    }

    private static void begin(Opened own, VmPlace place) throws IOException {
        Files.createDirectory(place.directory());
        own.add(() -> SavedStates.deleteTree(place.directory()));
        passable(place.directory());
        Files.createDirectory(place.diskFolder());
    }

    private Vmm launch(Opened own, VmPlace place, GuestImage image, GuestShape shape, boolean incoming)
            throws IOException {
        Vmm vmm = driver.start(place.spec(image, shape, accelerator(), CpuTemplate.X86_64_V2_GODWIT1, incoming));
        own.add(() -> vmm.end(GRACE));
        return vmm;
    }

    private static void requireSame(String saved, String now) throws SavedStateUnfit {
        if (!saved.equals(now)) {
            throw new SavedStateUnfit("the state was saved by a VMM with other options: " + saved.replace('\n', ' ')
                    + " instead of " + now.replace('\n', ' '));
        }
    }

    private static void load(Vmm vmm, Path socket, byte[] devices) throws SavedStateUnfit {
        try {
            send(socket, devices);
            vmm.awaitLoaded(STATE);
        } catch (IOException refused) {
            throw new SavedStateUnfit("the VMM did not take the saved device state: " + refused.getMessage(), refused);
        }
    }

    private static void send(Path socket, byte[] devices) throws IOException {
        try (SocketChannel vmm = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            for (ByteBuffer bytes = ByteBuffer.wrap(devices); bytes.hasRemaining(); ) {
                vmm.write(bytes);
            }
        }
    }

    private static TestVm greetedAgain(Opened own, VmPlace place, Vmm vmm, VmDisk disk) throws IOException {
        try {
            return greeted(own, place, vmm, disk, ANSWER);
        } catch (GuestException silent) {
            throw new SavedStateUnfit("the restored guest does not answer: " + silent.getMessage(), silent);
        }
    }

    private static TestVm greeted(Opened own, VmPlace place, Vmm vmm, VmDisk disk, Duration atMost) throws IOException {
        GuestChannel channel = own.add(GuestChannel.open(place.id(), vmm.guestSocket()));
        try {
            channel.awaitReady(atMost);
            channel.resume(place.identity());
            return new TestVm(place, own, vmm, disk, channel);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + place.hostname() + " started", stopped);
        }
    }

    @Override
    public void close() throws IOException {
        parts.close();
    }
}
