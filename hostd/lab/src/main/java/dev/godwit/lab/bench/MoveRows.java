package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.HostNamespaces;
import dev.godwit.lab.LabException;
import dev.godwit.lab.Patience;
import dev.godwit.lab.outside.OutsideClient;
import dev.godwit.lab.outside.OutsidePlan;
import dev.godwit.lab.outside.OutsideResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Twenty moves of a VM under a TCP connection with 1,000 records a second and 1,000 datagrams a second each way. The peer is
 * the order that comes to mind first: pause, copy, and then tell the network.
 */
final class MoveRows {
    private static final int RATE = 1000;
    private static final int UDP_PORT = 7001;
    private static final int LISTEN_PORT = 7002;
    private static final int SERVER_PORT = 7003;
    private static final String CLIENT = "10.1.0.2";
    /** Between two moves, so that each finds the usual traffic. */
    private static final Duration REST = Duration.ofMillis(700);

    private static final Duration STATUS_WAIT = Duration.ofSeconds(20);

    private final DistFiles dist;
    private final Path folder;
    private final int moves;

    MoveRows(DistFiles dist, Path folder, int moves) {
        this.dist = dist;
        this.folder = folder;
        this.moves = moves;
    }

    /** What the traffic saw of one order. */
    private record Seen(
            List<Double> blackouts,
            List<Double> beyondBlackouts,
            List<Double> flips,
            long lostIn,
            long lostOut,
            long wrongOrder,
            long retransmits) {}

    List<BenchRow> measure() throws IOException, InterruptedException {
        Seen ours = seen(MovingVm.Order.TURNED_FIRST);
        Seen naive = seen(MovingVm.Order.PAUSED_FIRST);
        List<BenchRow> rows = new ArrayList<>();
        rows.add(cost("net/move/blackout", "ms", ours.blackouts(), naive.blackouts()));
        rows.add(cost("net/move/stall-beyond-blackout", "ms", ours.beyondBlackouts(), naive.beyondBlackouts()));
        rows.add(cost("net/move/flip", "ms", ours.flips(), naive.flips()));
        rows.add(count("net/move/udp-lost-in", ours.lostIn(), naive.lostIn()));
        rows.add(count("net/move/udp-lost-out", ours.lostOut(), naive.lostOut()));
        rows.add(count("net/move/doubled-or-reordered", ours.wrongOrder(), naive.wrongOrder()));
        rows.add(count("net/move/tcp-retransmits", ours.retransmits(), naive.retransmits()));
        return rows;
    }

    private static BenchRow cost(String name, String unit, List<Double> ours, List<Double> naive) {
        return BenchRow.ofCost(name, unit, Sample.of(ours), List.of(BenchRow.Peer.of("pause-first", Sample.of(naive))));
    }

    /** Over all moves together; of nothing there is no multiple. */
    private BenchRow count(String name, long ours, long naive) {
        return new BenchRow(
                name,
                "packets",
                Sample.of(List.of((double) ours)),
                List.of(BenchRow.Peer.of("pause-first", Sample.of(List.of((double) naive)))),
                null);
    }

    private Seen seen(MovingVm.Order order) throws IOException, InterruptedException {
        String name = order == MovingVm.Order.TURNED_FIRST ? "turned" : "paused";
        Path own = Files.createDirectory(folder.resolve(name));
        try (NetChain chain = NetChain.lay(dist, name);
                GodwitPath path = GodwitPath.layForMoves(chain, own)) {
            MovingVm vm = MovingVm.start(chain, path);
            try (OutsideClient client = OutsideClient.listenIn(
                    chain.client(),
                    new OutsidePlan(NetChain.VM, NetLoad.PORT, UDP_PORT, LISTEN_PORT, RATE, SERVER_PORT),
                    own)) {
                Path status = own.resolve("echo.json");
                Process echo = chain.launch(chain.vm(), echo(status));
                awaitStatus(status);
                client.begin();
                long retransmits = retransmits(chain.client()) + retransmits(chain.vm());
                List<MovingVm.Times> times = new ArrayList<>();
                for (int move = 0; move < moves; move++) {
                    TimeUnit.MILLISECONDS.sleep(REST.toMillis());
                    times.add(vm.move(order));
                }
                TimeUnit.MILLISECONDS.sleep(REST.toMillis());
                retransmits = retransmits(chain.client()) + retransmits(chain.vm()) - retransmits;
                client.stopSending();
                echo.destroy();
                if (!echo.waitFor(STATUS_WAIT.toSeconds(), TimeUnit.SECONDS)) {
                    throw new IOException("the echo probe did not end in " + STATUS_WAIT.toSeconds() + " s");
                }
                JsonNode inside = new ObjectMapper().readTree(status.toFile());
                return seen(times, client.finish(), inside, retransmits);
            }
        }
    }

    private static Seen seen(List<MovingVm.Times> times, OutsideResult outside, JsonNode inside, long retransmits) {
        Double usual = outside.medianGapMillis();
        if (usual == null || outside.tcp().reconnects() > 0) {
            throw new LabException("the connection did not live through the moves: " + outside.tcp());
        }
        List<Double> beyond = times.stream()
                .map(move -> outside.gaps().stream()
                                .filter(gap -> gap.touches(move.fromEpochMillis(), move.toEpochMillis()))
                                .mapToDouble(gap -> gap.millis() - usual)
                                .max()
                                .orElse(0)
                        - move.blackoutMillis())
                .map(millis -> Math.max(0, millis))
                .toList();
        JsonNode in = inside.path("udpIn");
        long came = in.path("received").asLong() - in.path("duplicated").asLong();
        return new Seen(
                times.stream().map(MovingVm.Times::blackoutMillis).toList(),
                beyond,
                times.stream().map(MovingVm.Times::flipMillis).toList(),
                outside.udpSent() - came,
                inside.path("udpOut").path("sent").asLong() - outside.udpReceived(),
                in.path("duplicated").asLong()
                        + in.path("reordered").asLong()
                        + outside.udpDuplicated()
                        + outside.udpReordered(),
                retransmits);
    }

    private List<String> echo(Path status) {
        return List.of(
                dist.probe("echo").toString(),
                "--tcp-port",
                Integer.toString(NetLoad.PORT),
                "--udp-port",
                Integer.toString(UDP_PORT),
                "--udp-to",
                CLIENT + ":" + LISTEN_PORT,
                "--udp-rate",
                Integer.toString(RATE),
                "--status",
                status.toString());
    }

    private static void awaitStatus(Path status) {
        Patience.waitFor(
                "the echo probe to begin",
                STATUS_WAIT,
                () -> Files.exists(status) ? Optional.of(true) : Optional.empty());
    }

    /** TCP segments that a machine's kernel has sent again. Source: the kernel's documentation of /proc/net/snmp. */
    private static long retransmits(HostNamespaces machine) throws IOException {
        List<String> tcp = Files.readAllLines(Path.of("/proc/" + machine.initPid() + "/net/snmp")).stream()
                .filter(line -> line.startsWith("Tcp:"))
                .toList();
        List<String> names = List.of(tcp.getFirst().split(" ", -1));
        return Long.parseLong(tcp.getLast().split(" ", -1)[names.indexOf("RetransSegs")]);
    }
}
