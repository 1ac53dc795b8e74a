package dev.godwit.lab.bench;

import dev.godwit.lab.Command;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The data plane against what carries packets to a VM without it: plain routing, a VXLAN tunnel set up by hand, and a
 * HAProxy relay. All ways stand side by side in namespaces of this machine, end at a tap that the same program carries, and
 * take turns. Exit 0 when printed, 1 on error, 2 usage.
 *
 * <pre>NetBench [--rounds N] [--seconds N] [--moves N] [--only TEXT] [--json FILE]</pre>
 */
public final class NetBench {
    private static final int ROUNDS = 5;
    private static final int SECONDS = 3;
    private static final int MOVES = 20;
    private static final String USAGE =
            "usage: bench net [--rounds N] [--seconds N] [--moves N] [--only TEXT] [--json FILE]";

    private final Options options;
    private final DistFiles dist;
    private final BenchDocument document;

    private NetBench(Options options, DistFiles dist) throws IOException {
        this.options = options;
        this.dist = dist;
        this.document = new BenchDocument("net", BenchMachine.here());
    }

    /** What the command line says. */
    private record Options(
            int rounds,
            int seconds,
            int moves,
            String only,
            @Nullable Path json) {
        static Options parse(String[] args) {
            int rounds = ROUNDS;
            int seconds = SECONDS;
            int moves = MOVES;
            String only = "";
            Path json = null;
            for (int i = 0; i < args.length; i += 2) {
                String value = i + 1 < args.length ? args[i + 1] : "";
                if (args[i].equals("--rounds") && value.matches("[1-9][0-9]?")) {
                    rounds = Integer.parseInt(value);
                } else if (args[i].equals("--seconds") && value.matches("[1-9]|[1-5][0-9]")) {
                    seconds = Integer.parseInt(value);
                } else if (args[i].equals("--moves") && value.matches("[1-9][0-9]?")) {
                    moves = Integer.parseInt(value);
                } else if (args[i].equals("--only") && !value.isEmpty()) {
                    only = value;
                } else if (args[i].equals("--json") && !value.isEmpty()) {
                    json = Path.of(value);
                } else {
                    throw new IllegalArgumentException(args[i] + " " + value + " is not understood");
                }
            }
            return new Options(rounds, seconds, moves, only, json);
        }

        boolean wants(String row) {
            return row.contains(only);
        }
    }

    /** See the class. */
    public static void main(String[] args) {
        System.exit(status(args));
    }

    private static int status(String[] args) {
        try {
            new NetBench(Options.parse(args), DistFiles.ofProperty()).run();
            return 0;
        } catch (IllegalArgumentException usage) {
            System.err.println("bench net: " + usage.getMessage() + "\n" + USAGE);
            return 2;
        } catch (IOException | LabException failed) {
            System.err.println("bench net: " + failed.getMessage());
            return 1;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            System.err.println("bench net: interrupted");
            return 1;
        }
    }

    private void run() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("godwit-net-bench");
        try (NetChain ours = NetChain.lay(dist, "godwit");
                NetChain routed = NetChain.lay(dist, "routing");
                NetChain tunnelled = NetChain.lay(dist, "vxlan");
                GodwitPath path = GodwitPath.lay(ours, folder)) {
            List<NetContender> contenders = new ArrayList<>(List.of(
                    path.contender(ours), NetContender.plainRouting(routed), NetContender.kernelVxlan(tunnelled)));
            if (Command.of("which", "haproxy").tryRun().status() == 0) {
                contenders.add(NetContender.haproxy(routed, dist, folder));
            } else {
                System.err.println("bench net: HAProxy takes no part: install the package haproxy");
            }
            for (NetLoad load : List.of(NetLoad.TO_VM, NetLoad.FROM_VM, NetLoad.REQUEST, NetLoad.SMALL)) {
                if (options.wants(load.name())) {
                    row(load, contenders);
                }
            }
            if (options.wants("net/locations")) {
                LocationRows.measure(path, routed.host(), options.rounds()).forEach(document::add);
            }
        }
        if (options.wants("net/move")) {
            new MoveRows(dist, folder, options.moves()).measure().forEach(document::add);
        }
        document.write(options.json());
    }

    private void row(NetLoad load, List<NetContender> all) throws IOException {
        List<NetContender> contenders = all.stream()
                .filter(contender -> load.connection() || !contender.connectionsOnly())
                .toList();
        List<List<Double>> figures = new ArrayList<>();
        contenders.forEach(contender -> figures.add(new ArrayList<>()));
        for (int round = 0; round < options.rounds(); round++) {
            for (int turn = 0; turn < contenders.size(); turn++) {
                // Who begins changes with each round.
                int i = (round + turn) % contenders.size();
                NetContender contender = contenders.get(i);
                figures.get(i).add(load.run(dist, contender.client(), contender.address(), options.seconds()));
            }
        }
        List<BenchRow.Peer> peers = new ArrayList<>();
        for (int i = 1; i < contenders.size(); i++) {
            peers.add(BenchRow.Peer.of(contenders.get(i).name(), Sample.of(figures.get(i))));
        }
        Sample ours = Sample.of(figures.getFirst());
        document.add(
                load.cost()
                        ? BenchRow.ofCost(load.name(), load.unit(), ours, peers)
                        : BenchRow.of(load.name(), load.unit(), ours, peers));
    }
}
