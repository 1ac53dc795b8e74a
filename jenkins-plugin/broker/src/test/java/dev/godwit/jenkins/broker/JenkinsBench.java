package dev.godwit.jenkins.broker;

import dev.godwit.daemon.MemoryFleet;
import dev.godwit.lab.LabException;
import dev.godwit.lab.bench.BenchDocument;
import dev.godwit.lab.bench.BenchMachine;
import dev.godwit.lab.bench.BenchRow;
import dev.godwit.lab.bench.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Agents from the queue to their connection in real VMs; two hundred requests against a cap of fifty; and the broker's heap over
 * many agents. There is no peer: what would be compared makes VMs in a cloud that can't be had here.
 *
 * <pre>JenkinsBench [--runs N] [--cycles N] [--json FILE]</pre>
 */
public final class JenkinsBench {
    private static final int RUNS = 20;
    private static final int CYCLES = 10_000;
    private static final int WARM_UP = 1_000;
    private static final int REQUESTS = 200;
    private static final int CAP = 50;
    private static final String SECRET = "5ec2e7a1b2c3d4e5f60718293a4b5c6d";

    private final BenchDocument document;
    private final int runs;
    private final int cycles;

    private JenkinsBench(BenchDocument document, int runs, int cycles) {
        this.document = document;
        this.runs = runs;
        this.cycles = cycles;
    }

    /** Exit 0 when printed, 1 on error, 2 on wrong usage. */
    public static void main(String[] arguments) {
        System.exit(status(arguments));
    }

    private static int status(String[] arguments) {
        int runs = RUNS;
        int cycles = CYCLES;
        Path json = null;
        for (int i = 0; i < arguments.length; i += 2) {
            String value = i + 1 < arguments.length ? arguments[i + 1] : "";
            if (arguments[i].equals("--runs") && value.matches("[0-9]{1,4}")) {
                runs = Integer.parseInt(value);
            } else if (arguments[i].equals("--cycles") && value.matches("[0-9]{1,6}")) {
                cycles = Integer.parseInt(value);
            } else if (arguments[i].equals("--json") && !value.isEmpty()) {
                json = Path.of(value);
            } else {
                System.err.println("bench jenkins: " + arguments[i] + " " + value
                        + " is not understood\nusage: bench jenkins [--runs N] [--cycles N] [--json FILE]");
                return 2;
            }
        }
        try {
            BenchDocument document = new BenchDocument("jenkins", BenchMachine.here());
            new JenkinsBench(document, runs, cycles).run();
            document.write(json);
            return 0;
        } catch (IOException | InterruptedException | LabException failed) {
            System.err.println("bench jenkins: " + failed.getMessage());
            return 1;
        } catch (Exception failed) {
            failed.printStackTrace();
            return 1;
        }
    }

    private void run() throws Exception {
        if (runs > 0) {
            provisioning();
        }
        cap();
        if (cycles > 0) {
            heap();
        }
    }

    private void provisioning() throws Exception {
        AgentTemplate template = AgentTemplate.named("bench", RealFleet.IMAGE)
                .size(1, 384, 3072)
                .environment(Map.of("JAVA_TOOL_OPTIONS", "-Xmx64m -XX:TieredStopAtLevel=1"))
                .startTimeout(Duration.ofMinutes(10))
                .build();
        Map<String, List<Double>> millis = new LinkedHashMap<>();
        Path folder = Files.createTempDirectory("jenkins-bench");
        SeenEvents events = new SeenEvents();
        try (RealFleet fleet = new RealFleet();
                TestController controller =
                        new TestController(fleet.lab.network().client(), folder);
                Broker broker =
                        Broker.open(fleet.settings("bench", Duration.ofMinutes(15), template), Set::of, events)) {
            for (int run = 1; run <= runs; run++) {
                String node = awaitNode(broker, events);
                StartClock clock = new StartClock();
                broker.start(new AgentConnection(controller.url(), node, SECRET, true), clock);
                controller.awaitConnection(run);
                broker.connected(node);
                ProvisioningTimes.Sample sample =
                        broker.times().samples(template.name()).get(run - 1);
                clock.connected();
                put(millis, "plugin", sample.plugin());
                put(millis, "vm-start", sample.vmStart());
                put(millis, "agent-start", sample.agentStart());
                put(millis, "jvm-start", clock.jvmStart());
                put(millis, "connect", clock.connect());
                put(millis, "total", sample.total());
                broker.terminate(node);
            }
        }
        for (Map.Entry<String, List<Double>> each : millis.entrySet()) {
            String name = "jenkins/" + each.getKey();
            document.add(BenchRow.ofCost(name, "ms", Sample.of(each.getValue()), List.of()));
            List<Double> sorted = each.getValue().stream().sorted().toList();
            double p95 = sorted.get(Math.max(0, (int) Math.ceil(0.95 * sorted.size()) - 1));
            document.add(BenchRow.ofCost(name + "-p95", "ms", new Sample(p95, p95, p95, sorted.size()), List.of()));
        }
    }

    /** When the guest's JVM was started, and when it ran. */
    private static final class StartClock implements StartLog {
        private long begun;
        private long ran;
        private long connected;

        @Override
        public synchronized void line(String sentence) {
            if (sentence.equals(AgentScript.STARTS)) {
                begun = System.nanoTime();
            } else if (sentence.equals("agent: main")) {
                ran = System.nanoTime();
            }
        }

        synchronized void connected() {
            connected = System.nanoTime();
            ran = ran == 0 ? connected : ran; // its line may come after its connection
        }

        synchronized Duration jvmStart() {
            return Duration.ofNanos(ran - begun);
        }

        synchronized Duration connect() {
            return Duration.ofNanos(connected - ran);
        }
    }

    private static void put(Map<String, List<Double>> millis, String name, Duration took) {
        millis.computeIfAbsent(name, any -> new ArrayList<>()).add(took.toNanos() / 1e6);
    }

    private void cap() throws Exception {
        Path folder = Files.createTempDirectory("jenkins-bench");
        try (MemoryFleet fleet = new MemoryFleet(folder);
                BrokerCycles builds = new BrokerCycles(fleet.start("host-a"), CAP, REQUESTS)) {
            builds.run(REQUESTS);
            figure("jenkins/cap-50/vms-most", "VMs", fleet.vmsMost());
            figure("jenkins/cap-50/requests-lost", "", REQUESTS - builds.served());
        }
    }

    private void heap() throws Exception {
        Path folder = Files.createTempDirectory("jenkins-bench");
        try (MemoryHostd hostd = MemoryHostd.start(folder);
                BrokerCycles agents = new BrokerCycles(hostd.endpoint(), 4, 4)) {
            agents.run(WARM_UP);
            long before = BrokerCycles.heapBytes();
            figure("jenkins/heap-after-" + WARM_UP, "KiB", before / 1024.0);
            agents.run(cycles);
            figure("jenkins/heap-after-" + (WARM_UP + cycles), "KiB", BrokerCycles.heapBytes() / 1024.0);
        }
    }

    private void figure(String name, String unit, double value) {
        document.add(BenchRow.ofCost(name, unit, Sample.of(List.of(value)), List.of()));
    }

    static String awaitNode(Broker broker, SeenEvents events) throws InterruptedException {
        int seen = events.timesAvailable();
        List<Reservation> taken = broker.reserve(any -> true, 1);
        while (taken.isEmpty()) {
            seen = events.awaitAvailable(seen);
            taken = broker.reserve(any -> true, 1);
        }
        return taken.get(0).node();
    }
}
