package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.godwit.api.Flow;
import dev.godwit.api.FlowKind;
import dev.godwit.api.TrafficDirection;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command as a process of its own, against real hostds on unix sockets. */
class CliTest {
    private static final long BOUND_SECONDS = 60;

    @TempDir
    static Path directory;

    private static final FakeFleet FLEET = new FakeFleet();
    private static TestHost a;
    private static TestHost b;

    @BeforeAll
    static void open() throws Exception {
        a = TestHost.open("host-a", FLEET, directory);
        b = TestHost.open("host-b", FLEET, directory);
        a.createVm("web");
        a.createVm("other");
    }

    @AfterAll
    static void close() throws Exception {
        a.close();
        b.close();
    }

    private record Ended(int exit, String out, String err) {}

    private static Process start(List<String> words) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath(),
                "dev.godwit.cli.Godwit"));
        command.addAll(words);
        return new ProcessBuilder(command).start();
    }

    /** The command's own: JDK, jackson-core, and the records. */
    static String classPath() {
        List<String> needed = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (entry.contains("jackson-core")
                    || entry.contains("/api/target")
                    || entry.contains("/cli/target")
                    || entry.contains("/tls/target")
                    || entry.contains("godwit-api")
                    || entry.contains("godwit-tls")
                    || entry.contains("godwit-cli")) {
                needed.add(entry);
            }
        }
        return String.join(File.pathSeparator, needed);
    }

    private static CompletableFuture<byte[]> reading(InputStream stream) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static Ended end(Process process) throws Exception {
        CompletableFuture<byte[]> out = reading(process.getInputStream());
        CompletableFuture<byte[]> err = reading(process.getErrorStream());
        assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)).isTrue();
        return new Ended(
                process.exitValue(),
                new String(out.get(BOUND_SECONDS, TimeUnit.SECONDS), StandardCharsets.UTF_8),
                new String(err.get(BOUND_SECONDS, TimeUnit.SECONDS), StandardCharsets.UTF_8));
    }

    private static List<String> line(String words) {
        List<String> line = new ArrayList<>(List.of("--endpoint", "unix:" + a.socket));
        line.addAll(List.of(words.split(" ", -1)));
        return line;
    }

    private static Ended godwit(String words) throws Exception {
        Process process = start(line(words));
        process.getOutputStream().close();
        return end(process);
    }

    @ParameterizedTest(name = "godwit {0} ends with {1}")
    @CsvSource(delimiter = '|', textBlock = """
                    --version                                                  | 0   | godwit
                    --help                                                     | 0   | Exit status
                    vm exec --help                                             | 0   | vm exec NAME
                    vm list                                                    | 0   | web
                    vm show web                                                | 0   | 10.77.0.2
                    --json vm show web                                         | 0   | "memoryMib":512
                    host status                                                | 0   | pagemap-scan
                    host status host-b                                         | 0   | host-b
                    host list                                                  | 0   | host-a
                    image list                                                 | 0   | debian-ci
                    image build debian-ci                                      | 0   | ready
                    image push debian-ci host-b                                | 0   | 1048576 bytes
                    vm console web                                             | 0   | console of web
                    move list                                                  | 0   | BLACKOUT
                    vm create tiny --image debian-ci                           | 0   | tiny created
                    vm exec web -- echo hello world                            | 0   | hello world
                    vm exec web -- exit 7                                      | 7   |
                    vm exec web --env B=2 --env A=1 --cwd /x -- env            | 0   | cwd=/x
                    vm exec web -- nothing                                     | 127 | not found
                    vm                                                         | 2   | There is no command
                    vm fly                                                     | 2   | vm create
                    --fly vm list                                              | 2   | --fly
                    vm create x                                                | 2   | --image
                    vm create X --image debian-ci                              | 2   | VM name "X"
                    vm create x --image debian-ci --memory-mib 1               | 2   | memoryMib 1 is not
                    vm create x --image debian-ci --memory-mib a               | 2   | not a whole number
                    vm create x --image debian-ci --memory 4                   | 2   | no option --memory
                    vm show                                                    | 2   | NAME
                    vm exec web                                                | 2   | after --
                    vm show none                                               | 4   | There is no VM
                    vm rm none                                                 | 4   | There is no VM
                    vm exec none -- true                                       | 4   | There is no VM
                    move show none                                             | 4   | There is no move
                    host status none                                           | 4   | no living host
                    vm create web --image debian-ci                            | 5   | taken
                    vm create x --image none                                   | 5   | push it first
                    vm create x --image debian-ci --memory-mib 1048576         | 5   | 1048576 MiB
                    vm move web host-a                                         | 5   | already
                    vm create x --image debian-ci --project none               | 5   | net create none
                    net                                                        | 2   | net create PROJECT
                    net list                                                   | 0   | PROJECT
                    net show default                                           | 0   | metadata service
                    --json net show default                                    | 0   | "vni":1
                    net show none                                              | 4   | net list
                    net create Web                                             | 1   | "Web"
                    net set default                                            | 2   | something to set
                    net set default --allow 10.0.0.1/8                         | 2   | bits set
                    net set default --allow 10.0.0.0/8:tcp:99999               | 2   | 99999
                    net set default --allow 10.0.0.0/8:tcp:1:2                 | 2   | is not PREFIX
                    net set default --egress 10.0.0.0/8                        | 2   | local=PREFIX
                    net set default --rate-out fast                            | 2   | 100mbit
                    net set default --rate-out 100mbit                         | 0   | running VMs follow within moments
                    net set default --clear all                                | 2   | none of allow
                    net rm none                                                | 4   | none
                    net flows none                                             | 4   | There is no VM
                    net capture web                                            | 2   | -w FILE
                    net capture web -w /none/file --seconds 0                  | 2   | --seconds 0
                    net capture web -w /none/file                              | 1   | /none/file can't be written
                    net drops                                                  | 0   | policy
                    net drops --all                                            | 0   | hold-full
                    net drops --json                                           | 0   | "forwarded"
                    """)
    void endsWithItsStatusAndASentence(String words, int exit, String says) throws Exception {
        Ended ended = godwit(words);
        assertThat(ended.exit()).as(ended.out() + ended.err()).isEqualTo(exit);
        assertThat(ended.out() + ended.err()).contains(says == null ? "" : says);
        if (exit != 0) {
            assertThat(ended.err()).doesNotContain("Exception").doesNotContain("\tat ");
        }
    }

    @Test
    void withoutAHostdItEndsWithThree() throws Exception {
        Process process = start(List.of("--endpoint", "unix:" + directory.resolve("none"), "vm", "list"));
        Ended ended = end(process);
        assertThat(ended.exit()).isEqualTo(3);
        assertThat(ended.err()).contains("No hostd could be reached").contains("none");
    }

    @Test
    void aMoveIsToldToItsEnd() throws Exception {
        a.createVm("mover");
        Ended ended = godwit("vm move mover host-b");
        assertThat(ended.exit()).as(ended.err()).isZero();
        assertThat(ended.out()).contains("moved to host-b in 812 ms, blackout 22 ms");
    }

    @Test
    void inputGoesToTheCommandAndItsOutputComesBack() throws Exception {
        Process process = start(line("vm exec web -- cat"));
        CompletableFuture<byte[]> out = reading(process.getInputStream());
        byte[] input = "0123456789\n".repeat(30_000).getBytes(StandardCharsets.UTF_8);
        try (var stdin = process.getOutputStream()) {
            stdin.write(input);
        }
        assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(out.get(BOUND_SECONDS, TimeUnit.SECONDS)).isEqualTo(input);
    }

    @Test
    void stdoutAndStderrStayApart() throws Exception {
        Ended ended = godwit("vm exec web -- count 3 1");
        assertThat(ended.out()).isEqualTo("line 0\nline 1\nline 2\n");
        assertThat(ended.err()).isEqualTo("note 0\nnote 1\nnote 2\n");
    }

    @ParameterizedTest
    @CsvSource({"TERM,143", "INT,130"})
    void aSignalGoesToTheCommand(String signal, int exit) throws Exception {
        int before = FLEET.execs.size();
        Process process = start(line("vm exec web -- wait"));
        await().atMost(Duration.ofSeconds(BOUND_SECONDS))
                .until(() -> FLEET.execs.size() > before
                        && FLEET.execs.values().stream().anyMatch(exec -> exec.readers() > 0));
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .start()
                        .waitFor(BOUND_SECONDS, TimeUnit.SECONDS))
                .isTrue();
        assertThat(end(process).exit()).isEqualTo(exit);
    }

    /** The owner deletes and dies; the second endpoint knows the VM no more. */
    @Test
    void aVmWhoseDeletionWasNotAnsweredIsRemoved() throws Exception {
        String vm = a.createVm("unheard").id();
        try (LosingHost owner = new LosingHost(() -> FLEET.vms.remove(vm), "")) {
            FLEET.hosts.put("host-x", owner.base());
            FLEET.own(vm, "host-x");
            List<String> line =
                    List.of("--endpoint", "unix:" + a.socket, "--endpoint", "unix:" + b.socket, "vm", "rm", "unheard");
            Ended ended = end(start(line));
            assertThat(ended.exit()).as(ended.err()).isZero();
            assertThat(ended.out()).contains("unheard removed");
            assertThat(owner.requests).hasSize(1);
            assertThat(end(start(line)).exit()).isEqualTo(4);
        } finally {
            FLEET.hosts.remove("host-x");
        }
    }

    @Test
    void aCommandGoesOnThroughAnotherEndpointWhenItsHostIsKilled() throws Exception {
        var vm = a.createVm("survivor");
        try (Relay relay = new Relay(a.base)) {
            Process process = start(List.of(
                    "--endpoint",
                    relay.base().toString(),
                    "--endpoint",
                    "unix:" + b.socket,
                    "vm",
                    "exec",
                    "survivor",
                    "--",
                    "count",
                    "300",
                    "5"));
            CompletableFuture<byte[]> out = reading(process.getInputStream());
            CompletableFuture<byte[]> err = reading(process.getErrorStream());
            await().atMost(Duration.ofSeconds(BOUND_SECONDS)).until(() -> relay.toClient() > 8_000);
            FLEET.own(vm.id(), "host-b");
            relay.kill();
            assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
            StringBuilder lines = new StringBuilder();
            StringBuilder notes = new StringBuilder();
            for (int i = 0; i < 300; i++) {
                lines.append("line ").append(i).append('\n');
                notes.append("note ").append(i).append('\n');
            }
            assertThat(new String(out.get(BOUND_SECONDS, TimeUnit.SECONDS), StandardCharsets.UTF_8))
                    .isEqualTo(lines.toString());
            assertThat(new String(err.get(BOUND_SECONDS, TimeUnit.SECONDS), StandardCharsets.UTF_8))
                    .isEqualTo(notes.toString());
        }
    }

    @Test
    void eventsComeOnceEachAndOneALineInJson() throws Exception {
        Ended ended = godwit("--json events --all --count 2");
        assertThat(ended.exit()).as(ended.err()).isZero();
        assertThat(ended.out().lines())
                .hasSize(2)
                .first()
                .asString()
                .startsWith("{\"id\":\"host-a.1\"")
                .contains("\"type\":\"creating\"");
    }

    @Test
    void aNetworkIsMadeChangedAndRemoved() throws Exception {
        assertThat(godwit("net create ci --deny 10.0.0.0/8 --allow 10.1.2.0/24:tcp:443,8000-8100 --rate-in 100mbit")
                        .out())
                .contains("ci: network 2");
        assertThat(godwit("net create ci").exit()).as("it is there").isEqualTo(5);
        assertThat(godwit("net set ci --egress local=151.101.0.0/16 --allow [2001:db8::1]:udp:53")
                        .exit())
                .isZero();
        Ended shown = godwit("net show ci");
        assertThat(shown.out())
                .contains("100mbit")
                .containsPattern("allow +2001:db8::1 +udp +53")
                .doesNotContain("10.1.2.0/24")
                .containsPattern("deny +10.0.0.0/8 +any +any")
                .containsPattern("egress local +151.101.0.0/16");
        assertThat(godwit("vm create in-ci --image debian-ci --project ci").exit())
                .isZero();
        assertThat(godwit("vm list --project ci").out()).contains("in-ci").doesNotContain("web");
        assertThat(godwit("net set ci --clear deny --clear rate").exit()).isZero();
        assertThat(godwit("--json net show ci").out()).contains("\"deny\":[]").doesNotContain("rate");
        assertThat(godwit("net rm ci").out()).contains("ci removed");
    }

    private static Flow flow(int vmPort) {
        return new Flow(
                Instant.EPOCH.plusSeconds(vmPort),
                "host-a",
                FlowKind.DENIED,
                TrafficDirection.OUT,
                "tcp",
                "10.77.0.2",
                vmPort,
                "169.254.169.254",
                80,
                "policy",
                74);
    }

    @Test
    void flowsAreToldWithTheirReason() throws Exception {
        String vm = a.createVm("talker").id();
        FLEET.traffic.happened(vm, flow(40_000));
        assertThat(godwit("net flows talker").out())
                .contains("denied  out  tcp  10.77.0.2:40000 -> 169.254.169.254:80  policy");
        assertThat(godwit("net flows talker --json").out()).contains("\"reason\":\"policy\"");
    }

    @Test
    void flowsAreFollowedThroughAMoveEachOnce() throws Exception {
        String vm = a.createVm("roamer").id();
        FLEET.traffic.happened(vm, flow(1));
        Process process = start(line("net flows roamer --follow"));
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(out.readLine()).contains("10.77.0.2:1 ->");
            FLEET.own(vm, "host-b");
            FLEET.traffic.left(vm);
            FLEET.traffic.happened(vm, flow(1));
            FLEET.traffic.happened(vm, flow(2));
            assertThat(out.readLine()).contains("10.77.0.2:2 ->");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aCaptureOfSoManyPacketsIsAWholeFile() throws Exception {
        Path file = directory.resolve("some.pcap");
        a.createVm("loud");
        Ended ended = godwit("net capture loud -w " + file + " --packets " + FakeTraffic.FRAMES);
        assertThat(ended.exit()).as(ended.err()).isZero();
        assertThat(ended.err()).contains("3 packets").doesNotContain("moved");
        assertThat(file).hasSize(FakeTraffic.PCAP_HEAD_BYTES + FakeTraffic.FRAMES * (16 + FakeTraffic.FRAME_BYTES));
    }

    @Test
    void aCaptureEndsByCtrlCWithAWholeFile() throws Exception {
        Path file = directory.resolve("stopped.pcap");
        String vm = a.createVm("stopped").id();
        Process process = start(line("net capture stopped -w " + file));
        await().atMost(Duration.ofSeconds(BOUND_SECONDS))
                .until(() -> FLEET.traffic.isCaptured(vm) && Files.exists(file) && Files.size(file) > 200);
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                .start()
                .waitFor(BOUND_SECONDS, TimeUnit.SECONDS);
        Ended ended = end(process);
        assertThat(ended.exit()).as(ended.err()).isZero();
        assertThat(ended.err()).contains("3 packets");
        assertThat(file).hasSize(FakeTraffic.PCAP_HEAD_BYTES + FakeTraffic.FRAMES * (16 + FakeTraffic.FRAME_BYTES));
    }

    @Test
    void aCaptureEndsWithASentenceWhenTheVmMoves() throws Exception {
        Path file = directory.resolve("moved.pcap");
        String vm = a.createVm("leaver").id();
        Process process = start(line("net capture leaver -w " + file));
        await().atMost(Duration.ofSeconds(BOUND_SECONDS)).until(() -> FLEET.traffic.isCaptured(vm));
        FLEET.own(vm, "host-b");
        FLEET.traffic.left(vm);
        Ended ended = end(process);
        assertThat(ended.exit()).as(ended.err()).isZero();
        assertThat(ended.err()).contains("3 packets").contains("has moved to host-b");
    }

    @Test
    void theTrainingRunsByItself() throws Exception {
        assertThat(godwit("--train").exit()).isZero();
    }
}
