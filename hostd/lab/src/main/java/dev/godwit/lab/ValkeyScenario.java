package dev.godwit.lab;

import dev.godwit.api.ExecRequest;
import dev.godwit.lab.report.MoveReport;
import dev.godwit.lab.valkey.AcknowledgedWrites;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key-value server in a VM that moves ten times, while a benchmark and writers outside hold their connections to it: no
 * connection is made anew, and no acknowledged write is lost. For one thread.
 */
final class ValkeyScenario implements Scenario {
    private static final String IMAGE = "debian-valkey";
    private static final int MOVES = 10;
    private static final int PORT = 6379;
    private static final int WRITERS = 4;
    private static final int WRITES_PER_SECOND = 50;
    private static final int BENCHMARK_CLIENTS = 8;
    /** Of every writer after each move, so that a connection that died in it is seen. */
    private static final int WRITES_AFTER_MOVE = 100;

    private static final Duration SERVER_WAIT = Duration.ofMinutes(1);
    private static final Duration WRITES_WAIT = Duration.ofMinutes(2);
    private static final Pattern CONNECTIONS = Pattern.compile("total_connections_received:([0-9]+)");
    private static final Pattern COMMANDS = Pattern.compile("total_commands_processed:([0-9]+)");

    @Override
    public List<String> checks() {
        return List.of("moves", "acknowledged-writes", "no-reconnect", "benchmark", "old-host-silent");
    }

    @Override
    public void play(Stage stage) throws IOException, InterruptedException {
        Findings findings = stage.findings();
        stage.startEdge("edge-1");
        LabHost a = stage.startHost("host-a", 1, true);
        LabHost b = stage.startHost("host-b", 2, false);
        Guest guest = stage.boot(a, "valkey", stage.image(IMAGE, a, b));
        startServer(guest);
        InetSocketAddress server = new InetSocketAddress(stage.publish(guest, PORT + ":" + PORT), PORT);
        awaitAnswer(server);
        stage.isSet();

        Path benchmarkLog = stage.lab().directory().resolve("benchmark.log");
        try (AcknowledgedWrites writes = AcknowledgedWrites.start(server, WRITERS, WRITES_PER_SECOND)) {
            Process benchmark = startBenchmark(server, benchmarkLog);
            try {
                awaitWrites(writes, 0);
                long connections = figure(guest, CONNECTIONS);
                findings.mark("traffic began");
                long atOldHosts = 0;
                int done = 0;
                for (int move = 1; move <= MOVES; move++) {
                    long before = writes.acknowledged();
                    LabHost source = move % 2 == 1 ? a : b;
                    LabHost target = move % 2 == 1 ? b : a;
                    try (PathWatch watch = stage.watch(guest, source, target, "move-" + move)) {
                        MoveReport report = stage.move(guest, source, target);
                        findings.move(report);
                        awaitWrites(writes, before);
                        findings.path(watch.path(), report);
                        atOldHosts += watch.atOldHostAfter(Hop.releasedAt(report));
                    }
                    done++;
                }
                findings.oldHostPackets(atOldHosts);
                findings.check("moves", done == MOVES, done + " of " + MOVES + " moves");
                findings.check(
                        "old-host-silent",
                        atOldHosts == 0,
                        atOldHosts + " packets of the VM at the host that it had left, over all moves");
                judge(findings, guest, writes, benchmark, benchmarkLog, connections);
            } finally {
                benchmark.destroyForcibly();
            }
        }
    }

    private static void startServer(Guest guest) throws IOException {
        // Debian 12 has Redis, later ones Valkey; both speak the same protocol under the same options.
        guest.start(new ExecRequest(
                List.of(
                        "sh",
                        "-c",
                        "mkdir -p /var/tmp/store && cd /var/tmp/store &&"
                                + " exec $(command -v valkey-server || command -v redis-server) --bind 0.0.0.0"
                                + " --protected-mode no --save '' --appendonly yes --timeout 0 --port " + PORT),
                Map.of("PATH", "/usr/local/bin:/usr/bin:/bin"),
                null,
                false));
        Patience.waitFor("the server in the guest to answer", SERVER_WAIT, () -> {
            try {
                return Optional.of(figure(guest, CONNECTIONS));
            } catch (IOException e) {
                return Optional.empty(); // it does not listen yet: Patience says so if it lasts
            }
        });
    }

    /** An edge opens a port a moment after it was published. */
    private static void awaitAnswer(InetSocketAddress server) {
        Patience.waitFor("the server to answer at its published port", SERVER_WAIT, () -> {
            try (Socket socket = new Socket()) {
                socket.connect(server, (int) SERVER_WAIT.toMillis());
                return Optional.of(true);
            } catch (IOException e) {
                return Optional.empty(); // refused as long as it is closed: Patience says so if it lasts
            }
        });
    }

    /** A figure of the server's own, asked for in the guest; the asking is a connection too, and counts as one. */
    private static long figure(Guest guest, Pattern pattern) throws IOException {
        String info = guest.run(
                "sh", "-c", "exec $(command -v valkey-cli || command -v redis-cli) -p " + PORT + " info stats");
        Matcher found = pattern.matcher(info);
        if (!found.find()) {
            throw new IOException("the server's info has no " + pattern + ": " + info);
        }
        return Long.parseLong(found.group(1));
    }

    private static Process startBenchmark(InetSocketAddress server, Path log) throws IOException {
        String program = List.of("valkey-benchmark", "redis-benchmark").stream()
                .filter(name -> Command.of("which", name).tryRun().status() == 0)
                .findFirst()
                .orElseThrow(() -> new LabException(
                        "redis-benchmark is missing: run script/bootstrap, or install the package redis-tools"));
        return new ProcessBuilder(
                        program,
                        "-h",
                        server.getAddress().getHostAddress(),
                        "-p",
                        Integer.toString(PORT),
                        "-c",
                        Integer.toString(BENCHMARK_CLIENTS),
                        "-k",
                        "1",
                        "-t",
                        "set",
                        "-r",
                        "1000",
                        "-n",
                        "1000000000")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private static void awaitWrites(AcknowledgedWrites writes, long before) {
        long wanted = before + (long) WRITERS * WRITES_AFTER_MOVE;
        Patience.waitFor(
                wanted + " acknowledged writes",
                WRITES_WAIT,
                () -> writes.acknowledged() >= wanted ? Optional.of(wanted) : Optional.empty());
    }

    private static void judge(
            Findings findings,
            Guest guest,
            AcknowledgedWrites writes,
            Process benchmark,
            Path benchmarkLog,
            long connectionsBefore)
            throws IOException, InterruptedException {
        boolean running = benchmark.isAlive();
        long commands = figure(guest, COMMANDS);
        // Two since the first look: that one's successor just now, and this one.
        long connections = figure(guest, CONNECTIONS) - connectionsBefore - 2;
        AcknowledgedWrites.Outcome outcome = writes.finish();
        findings.check(
                "acknowledged-writes",
                outcome.lost() == 0
                        && outcome.acknowledged() > 0
                        && outcome.problems().isEmpty(),
                String.format(
                        Locale.ROOT,
                        "%,d writes acknowledged, %d lost; longest wait %.0f ms; %s",
                        outcome.acknowledged(),
                        outcome.lost(),
                        outcome.maxWaitMillis(),
                        outcome.problems().isEmpty() ? "no connection broke" : String.join("; ", outcome.problems())));
        findings.check(
                "no-reconnect",
                connections == 0,
                connections + " connections were made after the first " + (WRITERS + BENCHMARK_CLIENTS)
                        + ", by the server's own count");
        String said = Files.readString(benchmarkLog);
        boolean error = said.contains("rror") || said.contains("closed");
        findings.check(
                "benchmark",
                running && !error,
                String.format(
                        Locale.ROOT,
                        "%s %s; the server has carried out %,d commands",
                        BENCHMARK_CLIENTS + " clients on held connections",
                        running && !error ? "to the end" : "ENDED: " + said.strip(),
                        commands));
    }
}
