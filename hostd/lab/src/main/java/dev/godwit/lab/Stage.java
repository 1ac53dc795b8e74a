package dev.godwit.lab;

import dev.godwit.api.AcceleratorKind;
import dev.godwit.api.BuildImage;
import dev.godwit.api.CreateVm;
import dev.godwit.api.Event;
import dev.godwit.api.Image;
import dev.godwit.api.ImageState;
import dev.godwit.api.Move;
import dev.godwit.api.MoveState;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.Vm;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.RequestFailed;
import dev.godwit.lab.outside.OutsideClient;
import dev.godwit.lab.outside.OutsidePlan;
import dev.godwit.lab.report.MoveReport;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * What every scenario stands on: a lab with its hosts, clients of them, their events on the terminal, and the findings. For
 * one thread.
 */
final class Stage implements AutoCloseable {
    private static final int MEMORY_MIB = 512;
    private static final int DISK_MIB = 4096;
    private static final Duration MOVE_LIMIT = Duration.ofMinutes(3);
    /** A claim takes as long as a lease. */
    private static final Duration COMMAND_LIMIT = Duration.ofMinutes(2);

    private static final Duration IMAGE_LIMIT = Duration.ofMinutes(20);

    private final DemoOptions options;
    private final Findings findings;
    private final DistFiles dist;
    private final Path cache;
    private final PrintStream terminal;
    private final Lab lab;
    private final GodwitClient everywhere;
    private final Map<String, LabHost> hosts = new LinkedHashMap<>();
    private final Map<String, GodwitClient> clients = new HashMap<>();
    private final Map<String, EventFeed> feeds = new HashMap<>();
    private int edges;
    private boolean set;

    private Stage(DemoOptions options, Findings findings, DistFiles dist, Path cache, PrintStream terminal, Lab lab) {
        this.options = options;
        this.findings = findings;
        this.dist = dist;
        this.cache = cache;
        this.terminal = terminal;
        this.lab = lab;
        this.everywhere = lab.fleet()
                .client(IntStream.rangeClosed(1, options.hops() + 1)
                        .mapToObj(lab.network()::address)
                        .toList());
    }

    /** Opens the lab, with nothing in it. */
    static Stage open(DemoOptions options, Findings findings, DistFiles dist, Path cache, PrintStream terminal) {
        return new Stage(options, findings, dist, cache, terminal, Lab.openRouted(dist, Path.of("/var/tmp"), cache));
    }

    DemoOptions options() {
        return options;
    }

    Findings findings() {
        return findings;
    }

    DistFiles dist() {
        return dist;
    }

    Path cache() {
        return cache;
    }

    PrintStream terminal() {
        return terminal;
    }

    Lab lab() {
        return lab;
    }

    /** All that comes up before the show has come up: what fails later is a finding. */
    void isSet() {
        set = true;
    }

    /** Whether {@link #isSet} was said. */
    boolean wasSet() {
        return set;
    }

    LabHost startHost(String id, int number, boolean buildsImages) {
        terminal.println("starting " + id);
        return follow(lab.startHost(id, number, buildsImages));
    }

    LabHost startTrainedHost(String id, int number, String cache) {
        terminal.println("starting " + id + ", watched by its JVM");
        return follow(lab.startTrainedHost(id, number, cache));
    }

    /** An edge of the fleet; the first that is started holds the public address. */
    LabHost startEdge(String id) {
        terminal.println("starting " + id);
        return follow(lab.startEdge(id, RoutedSites.FIRST_EDGE + edges++));
    }

    private LabHost follow(LabHost host) {
        GodwitClient client = lab.fleet().client(host);
        hosts.put(host.id(), host);
        clients.put(host.id(), client);
        feeds.put(host.id(), EventFeed.follow(client, host.id(), event -> show(host, event)));
        return host;
    }

    private void show(LabHost host, Event event) {
        if (event.state() == MoveState.RESERVE) {
            host.plans().forEach(plan -> terminal.println("[" + host.id() + "] " + plan));
        }
        terminal.println(line(host.id(), event));
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

    /** A client of this host alone. */
    GodwitClient of(LabHost host) {
        return Objects.requireNonNull(clients.get(host.id()), host.id());
    }

    EventFeed feed(LabHost host) {
        return Objects.requireNonNull(feeds.get(host.id()), host.id());
    }

    /** A client that goes to whichever host answers, those to come included. */
    GodwitClient everywhere() {
        return everywhere;
    }

    /** Builds an image on one host and copies it to others; its digest. */
    String image(String recipe, LabHost builder, LabHost... others) throws IOException {
        terminal.println("building the image " + recipe + " on " + builder.id());
        GodwitClient client = of(builder);
        client.buildImage(new BuildImage(recipe, recipe));
        Image image = Patience.waitFor("the image " + recipe + " on " + builder.id(), IMAGE_LIMIT, () -> {
            try {
                Image now = client.image(recipe);
                return now.state() == ImageState.BUILDING ? Optional.empty() : Optional.of(now);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        if (image.state() != ImageState.READY || image.digest() == null) {
            throw new LabException(
                    "the image " + recipe + " can't be built on " + builder.id() + ": " + image.detail());
        }
        for (LabHost other : others) {
            terminal.println("pushing the image " + image.digest() + " to " + other.id());
            client.pushImage(image.digest(), other.id());
        }
        return image.digest();
    }

    /** What is asked for where a scenario asks for a VM. */
    CreateVm wanted(String name, String image) {
        return new CreateVm(name, image, options.vcpus(), MEMORY_MIB, DISK_MIB);
    }

    /** A booted VM on a host, reached through whichever host answers. */
    Guest boot(LabHost host, String name, String image) throws IOException {
        terminal.println("creating a VM on " + host.id());
        Guest guest =
                new Guest(everywhere, of(host).createVm(wanted(name, image)).id());
        guest.awaitRunning();
        Vm vm = everywhere.vm(guest.vm());
        findings.accelerator(Objects.toString(vm.accelerator(), "unknown"));
        if (vm.accelerator() == AcceleratorKind.TCG) {
            terminal.println(
                    "accelerator: tcg (no guest runs under KVM here): the CPU is emulated, about 20 times slower");
        }
        return guest;
    }

    /**
     * Makes ports of a VM reachable from outside.
     *
     * @param ports as {@code godwit net publish} takes them, for example {@code 6379:6379}; {@code /udp} behind for UDP
     * @return the address outside that they are at
     */
    String publish(Guest guest, String... ports) {
        for (String port : ports) {
            List<String> words = new ArrayList<>(List.of("net", "publish", guest.vm(), port.replace("/udp", "")));
            if (port.endsWith("/udp")) {
                words.add("--udp");
            }
            Command.Result result = godwit(everywhereUrls(), words);
            if (result.status() != 0) {
                throw new LabException("port " + port + " can't be published: "
                        + result.output().strip());
            }
        }
        return RoutedSites.PUBLIC;
    }

    /** The command of the product, at one host. */
    Command.Result godwitAt(LabHost host, String... words) {
        return godwit(List.of(host.endpoint().toString()), List.of(words));
    }

    private Command.Result godwit(List<String> endpoints, List<String> words) {
        List<String> argv = new ArrayList<>(List.of(
                "env",
                "GODWIT_TLS_DIR=" + lab.fleet().operatorDirectory(),
                "GODWIT_ENDPOINTS=" + String.join(",", endpoints),
                dist.godwit().toString()));
        argv.addAll(words);
        return Command.of(argv).within(COMMAND_LIMIT).tryRun();
    }

    private List<String> everywhereUrls() {
        return alive().stream().map(host -> host.endpoint().toString()).toList();
    }

    /** A client outside that waits for the probes of a VM, whose ports it publishes. */
    OutsideClient outsideOf(Guest guest) {
        String address = publish(
                guest,
                GuestProbes.ECHO_TCP_PORT + ":" + GuestProbes.ECHO_TCP_PORT,
                GuestProbes.ECHO_UDP_PORT + ":" + GuestProbes.ECHO_UDP_PORT + "/udp");
        return OutsideClient.listen(
                new OutsidePlan(
                        address,
                        GuestProbes.ECHO_TCP_PORT,
                        GuestProbes.ECHO_UDP_PORT,
                        GuestProbes.CLIENT_UDP_PORT,
                        GuestProbes.DATAGRAMS_PER_SECOND,
                        GuestProbes.SERVER_PORT),
                lab.directory());
    }

    /** Watches the way of a VM's packets in a move that is about to begin. */
    PathWatch watch(Guest guest, LabHost source, LabHost target, String name) throws IOException {
        return PathWatch.start(
                ((RoutedSites) lab.network()).underlayRouter(), address(guest), source, target, lab.directory(), name);
    }

    /** Moves a VM by request. */
    MoveReport move(Guest guest, LabHost source, LabHost target) throws IOException {
        terminal.println("moving the VM from " + source.id() + " to " + target.id());
        GodwitClient client = of(source);
        try {
            String id = Patience.waitFor("the move before to end at its target too", MOVE_LIMIT, () -> {
                try {
                    return Optional.of(client.move(guest.vm(), target.id()));
                } catch (RequestFailed refused) {
                    if (refused.code() == ProblemCode.MOVE_RUNNING) {
                        return Optional.empty();
                    }
                    throw new UncheckedIOException(refused);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            Move move = Patience.waitFor("move " + id + " to end", MOVE_LIMIT, () -> {
                try {
                    return Optional.of(client.moveRecord(id))
                            .filter(now -> now.ended() && now.state() != MoveState.RELEASE);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            if (move.state() != MoveState.DONE) {
                throw new LabException(
                        "the move to " + target.id() + " ended as " + move.state() + ": " + move.failure());
            }
            return Hop.report(move, OptionalLong.empty());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** The VM's own address. */
    String address(Guest guest) throws IOException {
        return Optional.ofNullable(everywhere.vm(guest.vm()).address())
                .orElseThrow(() -> new LabException("vm " + guest.vm() + " has no address on the VM network"));
    }

    boolean emulates(LabHost host) throws IOException {
        return of(host).host().accelerator() != AcceleratorKind.KVM;
    }

    /** The hosts that are still there. */
    List<LabHost> alive() {
        return hosts.values().stream().filter(LabHost::alive).toList();
    }

    @Override
    public void close() {
        if (options.keep()) {
            lab.keep().forEach(terminal::println);
        }
        feeds.values().forEach(EventFeed::close);
        clients.values().forEach(GodwitClient::close);
        everywhere.close();
        lab.close();
    }
}
