package dev.godwit.lab.bench;

import dev.godwit.lab.Command;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The {@code godwit} command as a user starts it, from the start of the process to its end, against a real hostd; and the
 * memory of that hostd after a while without requests. The peers are what one would type without Godwit: {@code
 * qemu-system-x86_64 --version} and {@code virsh --version}; {@code curl} on hostd's own socket, and {@code virsh list}
 * with libvirt's built-in test driver, which needs no daemon. What is not installed does not take part.
 *
 * <pre>CliBench [--runs N] [--json FILE]</pre>
 */
public final class CliBench {
    private static final String OURS = "godwit";
    private static final int RUNS = 21;
    private static final int RSS_LOOKS = 5;
    /** hostd's malloc gives back what it does not use every 10 s; twice that is idle. */
    private static final Duration IDLE = Duration.ofSeconds(25);

    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);
    /** A command takes well below a second. */
    private static final Duration COMMAND_MAX = Duration.ofSeconds(30);

    private final int runs;
    private final BenchDocument document;
    private final DistFiles dist;

    private CliBench(int runs, BenchDocument document, DistFiles dist) {
        this.runs = runs;
        this.document = document;
        this.dist = dist;
    }

    /** See the class. */
    public static void main(String[] args) {
        System.exit(status(args));
    }

    private static int status(String[] args) {
        int runs = RUNS;
        Path json = null;
        for (int i = 0; i < args.length; i += 2) {
            String value = i + 1 < args.length ? args[i + 1] : "";
            if (args[i].equals("--runs") && value.matches("[1-9][0-9]{0,3}")) {
                runs = Integer.parseInt(value);
            } else if (args[i].equals("--json") && !value.isEmpty()) {
                json = Path.of(value);
            } else {
                System.err.println("bench cli: " + args[i] + " " + value
                        + " is not understood\nusage: bench cli [--runs N] [--json FILE]");
                return 2;
            }
        }
        try {
            BenchDocument document = new BenchDocument("cli", BenchMachine.here());
            new CliBench(runs, document, DistFiles.ofProperty()).run();
            document.write(json);
            return 0;
        } catch (IOException | LabException failed) {
            System.err.println("bench cli: " + failed.getMessage());
            return 1;
        }
    }

    private void run() throws IOException {
        Path folder = Files.createTempDirectory(Path.of("/var/tmp"), "cli-bench");
        try {
            try (BenchHostd hostd = BenchHostd.start(dist, folder)) {
                document.add(BenchRow.ofCost("cli/hostd-rss-anon", "MiB", idleMemory(hostd), List.of()));
                row("cli/version", versionCommands());
                row("cli/vm-list", listCommands(hostd.socket()));
                row("cli/vm-list-tls", secureListCommands(hostd));
            }
        } finally {
            delete(folder);
        }
    }

    private static Sample idleMemory(BenchHostd hostd) throws IOException {
        LockSupport.parkNanos(IDLE.toNanos());
        List<Double> looks = new ArrayList<>();
        for (int look = 0; look < RSS_LOOKS; look++) {
            looks.add(hostd.rssAnonMib());
            LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
        }
        return Sample.of(looks);
    }

    private Map<String, List<String>> versionCommands() {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        commands.put(OURS, List.of(dist.godwit().toString(), "--version"));
        addInstalled(commands, "qemu-system-x86_64 --version", "qemu-system-x86_64", "--version");
        addInstalled(commands, "virsh --version", "virsh", "--version");
        return commands;
    }

    private Map<String, List<String>> listCommands(Path socket) {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        commands.put(OURS, List.of(dist.godwit().toString(), "--endpoint", "unix:" + socket, "vm", "list"));
        addInstalled(
                commands,
                "curl --unix-socket",
                "curl",
                "--silent",
                "--fail",
                "--noproxy",
                "*",
                "--unix-socket",
                socket.toString(),
                "http://localhost/v1/vms");
        addInstalled(commands, "virsh list", "virsh", "--connect", "test:///default", "list");
        return commands;
    }

    private Map<String, List<String>> secureListCommands(BenchHostd hostd) {
        Path operator = hostd.fleet().operatorDirectory();
        Map<String, List<String>> commands = new LinkedHashMap<>();
        commands.put(
                OURS,
                List.of(
                        dist.godwit().toString(),
                        "--endpoint",
                        hostd.secureEndpoint(),
                        "--tls-dir",
                        operator.toString(),
                        "vm",
                        "list"));
        addInstalled(
                commands,
                "curl https",
                "curl",
                "--silent",
                "--fail",
                "--noproxy",
                "*",
                "--cacert",
                hostd.fleet().hostsAuthority().toString(),
                "--cert",
                operator.resolve("certificate.pem").toString(),
                "--key",
                operator.resolve("key.pem").toString(),
                hostd.secureEndpoint() + "/v1/vms");
        return commands;
    }

    private static void addInstalled(Map<String, List<String>> commands, String name, String program, String... words) {
        Path found = installed(program);
        if (found != null) {
            List<String> command = new ArrayList<>(List.of(found.toString()));
            command.addAll(Arrays.asList(words));
            commands.put(name, command);
        }
    }

    private static @Nullable Path installed(String program) {
        String path = Objects.requireNonNullElse(System.getenv("PATH"), "");
        return Stream.of(path.split(":", -1))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    /** One uncounted run each brings the files into the page cache; then they take turns, each beginning in turn. */
    private void row(String name, Map<String, List<String>> commands) {
        List<String> names = List.copyOf(commands.keySet());
        Map<String, List<Double>> millis = new LinkedHashMap<>();
        for (int run = -1; run < runs; run++) {
            for (int turn = 0; turn < names.size(); turn++) {
                String who = names.get(Math.floorMod(run + turn, names.size()));
                double took = millis(Objects.requireNonNull(commands.get(who)));
                if (run >= 0) {
                    millis.computeIfAbsent(who, key -> new ArrayList<>()).add(took);
                }
            }
        }
        List<BenchRow.Peer> peers = names.stream()
                .filter(who -> !who.equals(OURS))
                .map(who -> BenchRow.Peer.of(who, Sample.of(Objects.requireNonNull(millis.get(who)))))
                .toList();
        document.add(BenchRow.ofCost(name, "ms", Sample.of(Objects.requireNonNull(millis.get(OURS))), peers));
    }

    private static double millis(List<String> command) {
        Command bounded = Command.of(command).within(COMMAND_MAX);
        long begin = System.nanoTime();
        bounded.run();
        return (System.nanoTime() - begin) / 1e6;
    }

    private static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> found = Files.walk(folder)) {
            all = found.toList();
        }
        for (Path path : all.reversed()) {
            Files.deleteIfExists(path);
        }
    }
}
