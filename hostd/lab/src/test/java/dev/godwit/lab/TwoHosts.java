package dev.godwit.lab;

import dev.godwit.api.BuildImage;
import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Image;
import dev.godwit.api.ImageState;
import dev.godwit.api.Move;
import dev.godwit.client.GodwitClient;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.etcd.EtcdFleetStore;
import dev.godwit.linux.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/** Two real hosts with a real etcd and the guest image on both: what the end-to-end tests of moves stand on. */
final class TwoHosts implements AutoCloseable {
    static final DistFiles DIST = DistFiles.ofProperty();
    static final int MEMORY_MIB = 256;
    static final int DISK_MIB = 3072;
    private static final Duration IMAGE_LIMIT = Duration.ofMinutes(20);
    private static final Duration MOVE_LIMIT = Duration.ofMinutes(2);
    static final Path CACHE =
            Path.of(Optional.ofNullable(System.getenv("GODWIT_CACHE")).orElse("/var/cache/godwit"));

    final Lab lab;
    final LabHost a;
    final LabHost b;
    final GodwitClient onA;
    final GodwitClient onB;
    final GodwitClient both;
    final String image;
    private int vms;

    TwoHosts() throws IOException {
        this(Lab.open(DIST, Path.of("/var/tmp"), CACHE));
    }

    /** @param lab is closed by this */
    private TwoHosts(Lab lab) throws IOException {
        this.lab = lab;
        a = lab.startHost("host-a", 1, true);
        b = lab.startHost("host-b", 2, false);
        onA = lab.fleet().client(a);
        onB = lab.fleet().client(b);
        both = lab.fleet().client(a, b);
        onA.buildImage(new BuildImage("debian-ci", "debian-ci"));
        Image built = Patience.waitFor("the guest image", IMAGE_LIMIT, () -> ready(onA));
        image = Optional.ofNullable(built.digest()).orElseThrow(() -> new IOException(String.valueOf(built.detail())));
        onA.pushImage(image, "host-b");
    }

    /**
     * Both in networks of their own that only routers join; the test is skipped where the kernel has no VXLAN, or this process
     * no network namespace of its own.
     */
    static TwoHosts behindRouters() throws IOException {
        Assumptions.assumeTrue(LabNetwork.isPrivate(), "no network namespace of its own: needs root");
        Command.Result made = Command.of("ip", "link", "add", "vxprobe", "type", "vxlan", "external", "dstport", "4790")
                .tryRun();
        Assumptions.assumeTrue(made.status() == 0, "the kernel makes no VXLAN device: " + made.output());
        Command.of("ip", "link", "del", "vxprobe").run();
        return new TwoHosts(Lab.openRouted(DIST, Path.of("/var/tmp"), CACHE));
    }

    private static Optional<Image> ready(GodwitClient client) {
        try {
            return Optional.of(client.image("debian-ci")).filter(image -> image.state() != ImageState.BUILDING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A booted VM on host-a, reached through both hosts. */
    Guest vm() throws IOException {
        return vm(onA);
    }

    /** A booted VM on the host that a client is for. */
    Guest vm(GodwitClient host) throws IOException {
        String id = host.createVm(new CreateVm("test-" + ++vms, image, 1, MEMORY_MIB, DISK_MIB))
                .id();
        Guest guest = new Guest(both, id);
        guest.awaitRunning();
        return guest;
    }

    /** The VM's address, in a lab with a network of Godwit's own. */
    String address(Guest guest) throws IOException {
        return Objects.requireNonNull(both.vm(guest.vm()).address(), "a VM of a routed network has one");
    }

    /** Whether a guest has an answer of an address, if only that nobody listens there. */
    boolean reaches(Guest from, String address) throws IOException {
        return from.run(
                        "perl",
                        "-e",
                        "use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => '" + address
                                + "', PeerPort => 7009, Timeout => 10); print $s ? 'yes' : $!;")
                .matches("yes|Connection refused");
    }

    /** Lets the VMM of a VM that runs on a host, or is on its way to it, hang. */
    void stopVmm(LabHost host, Guest guest) {
        signalVmm(host, guest.vm(), "STOP");
    }

    /** Sends a signal to the VMM of a VM. */
    void signalVmm(LabHost host, String vm, String signal) {
        String pid = host.machine()
                .run("pgrep", "-f", "[q]emu-system.*" + vm)
                .lines()
                .findFirst()
                .orElseThrow();
        host.machine().signal(Long.parseLong(pid), signal);
    }

    /** Starts the page checker in a guest; the exec's id. */
    String startPages(Guest guest) throws IOException {
        guest.put("/usr/local/bin/pages", 0755, Files.readAllBytes(DIST.probe("pages")));
        String exec = guest.start(new ExecRequest(
                List.of("/usr/local/bin/pages", "--mib", "32", "--rate", "1500", "--status", "/run/pages.json"),
                Map.of(),
                null,
                false));
        awaitPages(guest, 2000);
        return exec;
    }

    /** Waits until the page checker has verified that many pages; fails on a wrong one. */
    void awaitPages(Guest guest, long verified) {
        Patience.waitFor("the page checker to verify " + verified + " pages", MOVE_LIMIT, () -> {
            try {
                var status = guest.json("/run/pages.json");
                if (status.path("errors").asLong() > 0) {
                    throw new AssertionError("the page checker found wrong pages: " + status);
                }
                return status.path("verified").asLong() >= verified ? Optional.of(true) : Optional.empty();
            } catch (IOException e) {
                return Optional.empty(); // no status yet, or the guest is on its way; Patience says so if it lasts
            }
        });
    }

    /** The newest figure of the page checker. */
    long pagesVerified(Guest guest) throws IOException {
        return guest.json("/run/pages.json").path("verified").asLong();
    }

    /** Waits for a move's end and gives its record. */
    static Move ended(GodwitClient client, String moveId) {
        return Patience.waitFor("move " + moveId + " to end", MOVE_LIMIT, () -> {
            try {
                return Optional.of(client.moveRecord(moveId)).filter(Move::ended);
            } catch (IOException e) {
                return Optional.empty(); // its hostd is being restarted
            }
        });
    }

    /** The fleet store, as a host opens it. */
    FleetStore fleetStore() throws FleetStoreException {
        return EtcdFleetStore.open(
                List.of(lab.fleetStore().clientUrl().toString()), lab.fleet().toStore(), Clock.BOOTTIME::nanos);
    }

    /** The descriptors and threads of a host's hostd. */
    int[] resources(LabHost host) {
        String pid = host.machine()
                .run("pgrep", "-f", "hostd.jar")
                .strip()
                .lines()
                .findFirst()
                .orElseThrow();
        return new int[] {
            host.machine().run("ls", "/proc/" + pid + "/fd").split("\\s+").length,
            host.machine().run("ls", "/proc/" + pid + "/task").split("\\s+").length
        };
    }

    @Override
    public void close() {
        both.close();
        onA.close();
        onB.close();
        lab.close();
    }
}
