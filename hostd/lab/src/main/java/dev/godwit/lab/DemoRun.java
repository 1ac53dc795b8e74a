package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.api.AcceleratorKind;
import dev.godwit.api.BuildImage;
import dev.godwit.api.CreateVm;
import dev.godwit.api.Event;
import dev.godwit.api.Image;
import dev.godwit.api.ImageState;
import dev.godwit.api.MoveState;
import dev.godwit.api.Vm;
import dev.godwit.client.GodwitClient;
import dev.godwit.lab.outside.OutsideClient;
import dev.godwit.lab.report.MoveReport;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/** The scenario {@code build}, from the first host to the last check. For one thread. */
final class DemoRun {
    private static final String IMAGE = "debian-ci";
    private static final int MEMORY_MIB = 512;
    private static final int DISK_MIB = 4096;
    private static final Duration IMAGE_LIMIT = Duration.ofMinutes(20);
    /** An emulated build with all probes beside it, on a machine that does other things too. */
    private static final Duration BUILD_LIMIT = Duration.ofMinutes(40);
    /** Two rates of the probe: enough for 50,000 pages at a tenth of its speed. */
    private static final Duration PROBE_LIMIT = Duration.ofMinutes(5);

    static final long PAGES_AFTER_MIN = 50_000;

    private final DemoOptions options;
    private final Findings findings;
    private final DistFiles dist;
    private final Path cache;
    private final Path tarball;
    private final PrintStream terminal;
    private final Map<String, GodwitClient> clients = new HashMap<>();
    private final Map<String, EventFeed> feeds = new HashMap<>();
    private boolean setUp;

    DemoRun(DemoOptions options, Findings findings, DistFiles dist, Path cache, Path tarball, PrintStream terminal) {
        this.options = options;
        this.findings = findings;
        this.dist = dist;
        this.cache = cache;
        this.tarball = tarball;
        this.terminal = terminal;
    }

    /** Whether the lab, its hosts, the image and the VM came up: what fails later is a finding. */
    boolean isSetUp() {
        return setUp;
    }

    void run() throws IOException, InterruptedException {
        try (Lab lab = Lab.open(dist, Path.of("/var/tmp"), cache)) {
            try {
                runIn(lab);
            } finally {
                if (options.keep()) {
                    lab.keep().forEach(terminal::println);
                }
                feeds.values().forEach(EventFeed::close);
                clients.values().forEach(GodwitClient::close);
            }
        }
    }

    private void runIn(Lab lab) throws IOException, InterruptedException {
        LabHost source = startHost(lab, "host-a", 1, true);
        LabHost target = startHost(lab, "host-b", 2, false);
        GodwitClient client = lab.fleet().client(source, target);
        clients.put("both", client);

        String image = image(source, target);
        LuaBuild build = LuaBuild.forDemo(tarball, options.hops(), options.vcpus(), emulated(source));
        String reference = new ReferenceBuild(cache.resolve("lab"), terminal)
                .artefactSha256(of(target), image, build, vmNamed("reference", image));

        terminal.println("creating a VM on " + source.id());
        String id = of(source).createVm(vmNamed("build", image)).id();
        Guest guest = new Guest(client, id);
        guest.awaitRunning();
        Vm vm = client.vm(id);
        findings.accelerator(Objects.toString(vm.accelerator(), "unknown"));
        if (vm.accelerator() == AcceleratorKind.TCG) {
            terminal.println(
                    "accelerator: tcg (no guest runs under KVM here): the CPU is emulated, about 20 times slower");
        }
        build.install(guest);
        GuestProbes probes = GuestProbes.start(guest, dist);
        setUp = true;

        try (OutsideClient outside = OutsideClient.start(
                        address(vm),
                        GuestProbes.ECHO_TCP_PORT,
                        GuestProbes.ECHO_UDP_PORT,
                        GuestProbes.CLIENT_UDP_PORT,
                        GuestProbes.DATAGRAMS_PER_SECOND,
                        lab.directory());
                BuildRun job = BuildRun.start(guest, build, terminal, "build | ")) {
            findings.mark("build started");
            JsonNode pagesBefore = probes.status("pages");
            JsonNode filesBefore = probes.status("files");
            for (int hop = 1; hop <= options.hops(); hop++) {
                job.awaitObjects(Math.ceilDiv(hop * build.objects(), options.hops() + 1), BUILD_LIMIT);
                probes.startTickerWindow();
                new Hop(client, guest, source, feed(source), feed(target), terminal).run(findings);
                readGuestClock(probes);
                pagesBefore = probes.status("pages");
                filesBefore = probes.status("files");
                LabHost gone = source;
                source = target;
                if (hop < options.hops()) {
                    target = replacement(lab, gone, hop);
                    of(source).pushImage(image, target.id());
                }
            }
            int exit = job.awaitEnd(BUILD_LIMIT);
            findings.mark("build ended");
            awaitPages(probes, pagesBefore);
            awaitFiles(probes, filesBefore);
            DemoChecks checks = new DemoChecks(findings, guest, probes);
            checks.job(exit, build, job, reference);
            checks.log(job);
            checks.probesAndTraffic(pagesBefore, filesBefore, outside);
            checks.filesystem(of(source), source, lab.directory());
        }
    }

    private LabHost startHost(Lab lab, String id, int number, boolean buildsImages) {
        terminal.println("starting " + id);
        LabHost host = lab.startHost(id, number, buildsImages);
        GodwitClient client = lab.fleet().client(host);
        clients.put(id, client);
        feeds.put(id, EventFeed.follow(client, id, event -> show(host, event)));
        return host;
    }

    private void show(LabHost host, Event event) {
        if (event.state() == MoveState.RESERVE) {
            host.plans().forEach(plan -> terminal.println("[" + host.id() + "] " + plan));
        }
        terminal.println(line(host.id(), event));
    }

    /** A fresh machine at the address of the one that is gone: host-c for host-a, host-d for host-b. */
    private LabHost replacement(Lab lab, LabHost gone, int hop) {
        return startHost(lab, "host-" + (char) ('b' + hop), gone.address().number(), false);
    }

    private String image(LabHost source, LabHost target) throws IOException {
        terminal.println("building the image " + IMAGE + " on " + source.id());
        GodwitClient client = of(source);
        client.buildImage(new BuildImage(IMAGE, IMAGE));
        Image image = Patience.waitFor("the image " + IMAGE + " on " + source.id(), IMAGE_LIMIT, () -> {
            try {
                Image now = client.image(IMAGE);
                return now.state() == ImageState.BUILDING ? Optional.empty() : Optional.of(now);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        if (image.state() != ImageState.READY || image.digest() == null) {
            throw new LabException("the image " + IMAGE + " can't be built on " + source.id() + ": " + image.detail());
        }
        terminal.println("pushing the image " + image.digest() + " to " + target.id());
        client.pushImage(image.digest(), target.id());
        return image.digest();
    }

    private boolean emulated(LabHost host) throws IOException {
        return of(host).host().accelerator() != AcceleratorKind.KVM;
    }

    private CreateVm vmNamed(String name, String image) {
        return new CreateVm(name, image, options.vcpus(), MEMORY_MIB, DISK_MIB);
    }

    private void readGuestClock(GuestProbes probes) throws IOException {
        List<MoveReport> moves = new ArrayList<>(findings.moves());
        double windowEnd = Hop.windowEnd(moves.getLast());
        JsonNode ticker = Patience.waitFor("the guest's clock to pass the move", Duration.ofSeconds(30), () -> {
            try {
                JsonNode seen = probes.status("ticker");
                return seen.path("nowNanos").asDouble() / 1e6 > windowEnd ? Optional.of(seen) : Optional.empty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        moves.set(moves.size() - 1, Hop.withGuestBlackout(moves.getLast(), ticker));
        findings.moves(moves);
    }

    private static void awaitPages(GuestProbes probes, JsonNode before) {
        long wanted = before.path("verified").asLong() + PAGES_AFTER_MIN;
        awaitStatus(
                probes,
                "pages",
                "the page checker to verify " + PAGES_AFTER_MIN + " pages after the last move",
                now -> now.path("verified").asLong() >= wanted);
    }

    /** One drop of the page cache and one file read from the disk after the last move. */
    private static void awaitFiles(GuestProbes probes, JsonNode before) {
        awaitStatus(
                probes,
                "files",
                "the file checker to drop caches and re-read after the last move",
                now -> DemoChecks.rereadSince(before, now));
    }

    private static void awaitStatus(GuestProbes probes, String probe, String what, Predicate<JsonNode> reached) {
        Patience.waitFor(what, PROBE_LIMIT, () -> {
            try {
                return reached.test(probes.status(probe)) ? Optional.of(true) : Optional.empty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private GodwitClient of(LabHost host) {
        return Objects.requireNonNull(clients.get(host.id()), host.id());
    }

    private EventFeed feed(LabHost host) {
        return Objects.requireNonNull(feeds.get(host.id()), host.id());
    }

    private static String address(Vm vm) {
        if (vm.address() == null) {
            throw new LabException("vm " + vm.id() + " has no address on the VM network");
        }
        return vm.address();
    }

    private static String line(String host, Event event) {
        StringBuilder line = new StringBuilder("[" + host + "] " + event.type());
        if (event.state() != null) {
            line.append(' ').append(event.state());
        }
        if (event.elapsedMillis() != null) {
            line.append(" +").append(event.elapsedMillis()).append(" ms");
        }
        if (event.detail() != null) {
            line.append(": ").append(event.detail());
        }
        return line.toString();
    }
}
