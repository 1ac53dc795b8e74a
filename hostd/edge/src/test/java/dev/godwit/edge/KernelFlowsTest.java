package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Connections in two real kernels' tables. */
class KernelFlowsTest {
    private static final int ZONE = EdgeRules.ZONE;
    private static final byte[] VM = {10, 9, 0, 5};
    private static final byte[] WEB = {(byte) 198, 51, 100, 7};
    private static final byte[] EDGE = {(byte) 192, 0, 2, 1};
    private static final int OUTBOUND = 0x1e; // seen reply, assured, confirmed, source translated
    private static final int PUBLISHED = 0x2e; // the same, destination translated

    private final List<AutoCloseable> open = new ArrayList<>();
    private TestNamespace here;
    private TestNamespace there;

    @BeforeEach
    void makeNamespaces() throws IOException {
        EdgeKernel.assume();
        here = TestNamespace.open("here");
        there = TestNamespace.open("there");
    }

    @AfterEach
    void removeNamespaces() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
        if (here != null) {
            here.close();
            there.close();
        }
    }

    private KernelFlows flows(TestNamespace namespace) throws IOException {
        KernelFlows flows = namespace.call(() -> KernelFlows.open(ZONE));
        open.add(flows);
        return flows;
    }

    private static Map<FlowKey, Flow> list(KernelFlows flows) throws IOException {
        Map<FlowKey, Flow> all = new HashMap<>();
        flows.forEach(flow -> all.put(flow.key(), flow));
        return all;
    }

    private static Flow outbound(int protocol, int first, int answer, int state, int a, int b) {
        return Flow.of(
                protocol,
                new Flow.Direction(VM, WEB, first),
                new Flow.Direction(WEB, EDGE, answer),
                new Flow.Condition(OUTBOUND, 500, 0, state, a, b));
    }

    /** One of each protocol that is translated, as the kernel would have tracked it. */
    private static List<Flow> everyKind() {
        byte[] vm6 = {0x20, 1, 0xd, (byte) 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
        byte[] web6 = {0x20, 1, 0xd, (byte) 0xb8, 0, 51, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
        return List.of(
                outbound(Flow.TCP, 40_000 << 16 | 443, 443 << 16 | 50_000, 3, 7, 9),
                outbound(Flow.UDP, 40_001 << 16 | 53, 53 << 16 | 40_001, Flow.STATE_UNTOLD, 0, 0),
                outbound(Flow.GRE, 0x1234 << 16 | 0x77, 0x77 << 16 | 0x1234, Flow.STATE_UNTOLD, 0, 0),
                outbound(Flow.ICMP, 0x55 << 16 | 8 << 8, 0x99 << 16, Flow.STATE_UNTOLD, 0, 0),
                outbound(Flow.SCTP, 40_002 << 16 | 80, 80 << 16 | 40_003, 4, 0x11223344, 0x55667788),
                outbound(50, 0, 0, Flow.STATE_UNTOLD, 0, 0),
                Flow.of(
                        Flow.TCP,
                        new Flow.Direction(WEB, EDGE, 40_005 << 16 | 8080),
                        new Flow.Direction(VM, WEB, 80 << 16 | 40_005),
                        new Flow.Condition(PUBLISHED, 500, 0, 3, 7, 9)),
                Flow.of(
                        Flow.TCP,
                        new Flow.Direction(web6, vm6, 40_006 << 16 | 80),
                        new Flow.Direction(vm6, web6, 80 << 16 | 40_006),
                        new Flow.Condition(0xe, 500, 0, 3, 7, 9)),
                Flow.of(
                        Flow.ICMPV6,
                        new Flow.Direction(vm6, web6, 0x55 << 16 | 128 << 8),
                        new Flow.Direction(web6, vm6, 0x55 << 16 | 129 << 8),
                        new Flow.Condition(0xa, 60, 0, Flow.STATE_UNTOLD, 0, 0)));
    }

    /** Addresses, ports, translation and state; what the kernel counts or adds is left out. */
    private static String essence(Flow flow) {
        Flow.Condition condition = flow.condition();
        int told = flow.protocol() == Flow.TCP || flow.protocol() == Flow.SCTP ? condition.state() : 0;
        return flow.toString().replaceAll(", Condition.*", "") + " status "
                + Integer.toHexString(condition.status() & 0x3e) + " state " + told + " " + condition.a() + " "
                + condition.b();
    }

    private static List<String> essences(Iterable<Flow> flows) {
        List<String> essences = new ArrayList<>();
        flows.forEach(flow -> essences.add(essence(flow)));
        return essences;
    }

    @Test
    void everyKindOfConnectionIsReadFromTheKernelAsItWasLoaded() throws IOException {
        KernelFlows flows = flows(here);
        assertThat(flows.load(everyKind().iterator())).isEqualTo(new KernelFlows.Loaded(9, 0, 0));
        assertThat(essences(list(flows).values())).containsExactlyInAnyOrderElementsOf(essences(everyKind()));
        String kernelsOwnWords = here.call(() -> Files.readString(Path.of("/proc/thread-self/net/nf_conntrack")));
        assertThat(kernelsOwnWords)
                .containsPattern("tcp .* ESTABLISHED src=10.9.0.5 dst=198.51.100.7 sport=40000 dport=443"
                        + " src=198.51.100.7 dst=192.0.2.1 sport=443 dport=50000 \\[ASSURED\\] .*zone=2317")
                .containsPattern("gre .*srckey=0x1234 dstkey=0x77 .*srckey=0x77 dstkey=0x1234")
                .containsPattern("icmp .*type=8 code=0 id=85 .*type=0 code=0 id=153")
                .containsPattern("tcp .* src=198.51.100.7 dst=192.0.2.1 sport=40005 dport=8080"
                        + " src=10.9.0.5 dst=198.51.100.7 sport=80 dport=40005");
    }

    @Test
    void whatClashesOrIsThereAlreadyIsCountedAndTheRestIsLoaded() throws IOException {
        KernelFlows flows = flows(here);
        List<Flow> twice =
                Stream.concat(everyKind().stream(), everyKind().stream()).toList();
        assertThat(flows.load(twice.iterator())).isEqualTo(new KernelFlows.Loaded(9, 9, 0));
        assertThat(list(flows)).hasSize(9);
    }

    @Test
    void onlyTheEdgesZoneIsListedAndRemoved() throws IOException {
        KernelFlows ours = flows(here);
        KernelFlows hosts = here.call(() -> KernelFlows.open(0));
        open.add(hosts);
        ours.load(everyKind().iterator());
        hosts.load(everyKind().subList(0, 2).iterator());
        assertThat(list(ours)).hasSize(9);
        assertThat(ours.removeAll()).isEqualTo(9);
        assertThat(list(ours)).isEmpty();
        assertThat(list(hosts)).hasSize(2);
    }

    @Test
    void beginningsChangesAndEndsAreTold() throws IOException {
        List<String> told = new ArrayList<>();
        FlowEvents events = here.call(() -> FlowEvents.open(ZONE));
        open.add(events);
        KernelFlows flows = flows(here);
        flows.load(everyKind().iterator());
        flows.removeAll();
        FlowEvents.Listener listener = new FlowEvents.Listener() {
            @Override
            public void seen(Flow flow) {
                told.add("seen " + flow.key());
            }

            @Override
            public void gone(FlowKey key) {
                told.add("gone " + key);
            }

            @Override
            public void lost() {
                told.add("lost");
            }
        };
        await().until(() -> {
            events.poll(Duration.ofMillis(100), listener);
            return told.size() >= 18;
        });
        for (Flow flow : everyKind()) {
            assertThat(told).containsSubsequence("seen " + flow.key(), "gone " + flow.key());
        }
    }

    private static List<Flow> many(int count) {
        List<Flow> many = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            byte[] vm = {10, 9, (byte) (i / 50_000), (byte) (i / 200 % 250)};
            byte[] web = {(byte) 198, 51, (byte) (i / 50_000), (byte) (i / 200 % 250)};
            many.add(Flow.of(
                    Flow.TCP,
                    new Flow.Direction(vm, web, (10_000 + i % 50_000) << 16 | 443),
                    new Flow.Direction(web, EDGE, 443 << 16 | (10_000 + i % 50_000)),
                    new Flow.Condition(OUTBOUND, 432_000, 0, 3, 7, 7)));
        }
        return many;
    }

    @Test
    void aHundredThousandConnectionsAreCopiedAndLoadedInBoundedMemory() throws Exception {
        KernelFlows active = flows(here);
        long began = System.nanoTime();
        KernelFlows.Loaded loaded = active.load(many(100_000).iterator());
        long first = System.nanoTime();
        assertThat(loaded).isEqualTo(new KernelFlows.Loaded(100_000, 0, 0));

        ReplicaTable table = new ReplicaTable(200_000);
        System.gc();
        long before = used();
        PendingChanges pending = new PendingChanges(65_536);
        try (ReplicaSender sender = sender(() -> ReplicaTest.into(table.open()), pending)) {
            sender.start();
            await().atMost(Duration.ofSeconds(60)).until(table::isComplete);
        }
        long copied = System.nanoTime();
        System.gc();
        long held = used() - before;
        assertThat(table.size()).isEqualTo(100_000);
        assertThat(held).as("bytes held for 100,000 connections").isLessThan(60L << 20);

        KernelFlows standby = flows(there);
        long load = System.nanoTime();
        assertThat(standby.load(table.newestFirst().iterator())).isEqualTo(new KernelFlows.Loaded(100_000, 0, 0));
        long end = System.nanoTime();
        System.out.printf(
                "100,000 connections: first load %d ms, copy %d ms, %d MiB held, load at fail-over %d ms%n",
                (first - began) / 1_000_000, (copied - first) / 1_000_000, held >> 20, (end - load) / 1_000_000);
    }

    private static long used() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private ReplicaSender sender(ReplicaLink.Dialer dialer, PendingChanges pending) {
        return new ReplicaSender(
                "edge-a",
                1,
                dialer,
                () -> {
                    try {
                        return here.call(() -> KernelFlows.open(ZONE));
                    } catch (IOException e) {
                        throw new IOException("the test's namespace is gone", e);
                    }
                },
                pending,
                Duration.ofMillis(50));
    }

    @Test
    void aStandByThatReadsNothingHoldsNobodyUpAndIsToldEverythingWhenItReadsAgain() throws Exception {
        FlowEvents events = here.call(() -> FlowEvents.open(ZONE));
        open.add(events);
        PendingChanges pending = new PendingChanges(500);
        AtomicBoolean stop = new AtomicBoolean();
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            try {
                while (!stop.get()) {
                    events.poll(Duration.ofMillis(50), pending);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        CountDownLatch reads = new CountDownLatch(1);
        ReplicaTable table = new ReplicaTable(200_000);
        ReplicaLink.Dialer slow = () -> {
            ReplicaLink link = ReplicaTest.into(table.open());
            return new ReplicaLink() {
                private int sent;

                @Override
                public void send(ByteBuffer message) throws IOException {
                    if (++sent > 3) {
                        try {
                            reads.await();
                        } catch (InterruptedException e) {
                            throw new IOException("closed", e);
                        }
                    }
                    link.send(message);
                }

                @Override
                public void close() {
                    link.close();
                }
            };
        };
        KernelFlows active = flows(here);
        active.load(many(2000).iterator());
        try (ReplicaSender sender = sender(slow, pending)) {
            sender.start();
            // It hangs on its link by now or later; churn goes on all the same.
            for (int round = 0; round < 3; round++) {
                active.removeAll();
                active.load(
                        many(5000).subList(round * 1000, round * 1000 + 2000).iterator());
            }
            await().until(pending::isLost);
            assertThat(pending.size()).isLessThanOrEqualTo(500);
            reads.countDown();
            await().atMost(Duration.ofSeconds(30)).until(() -> sender.isCurrent() && table.size() == 2000);
            assertThat(sender.listings()).isGreaterThan(1);
            assertThat(essences(table.newestFirst()))
                    .containsExactlyInAnyOrderElementsOf(essences(list(active).values()));
        } finally {
            stop.set(true);
            reader.join();
        }
    }

    @Test
    void aLinkThatBreaksIsOpenedAgainAndBeginsWithEverything() throws Exception {
        ReplicaTable table = new ReplicaTable(1000);
        KernelFlows active = flows(here);
        active.load(everyKind().iterator());
        List<ReplicaTable.Receiver> receivers = new ArrayList<>();
        PendingChanges pending = new PendingChanges(500);
        ReplicaLink.Dialer dialer = () -> {
            ReplicaTable.Receiver receiver = table.open();
            receivers.add(receiver);
            if (receivers.size() == 1) {
                throw new IOException("the stand-by does not answer");
            }
            ReplicaLink link = ReplicaTest.into(receiver);
            return new ReplicaLink() {
                private int sent;

                @Override
                public void send(ByteBuffer message) throws IOException {
                    if (receivers.size() == 2 && ++sent > 2) {
                        throw new IOException("the link broke");
                    }
                    link.send(message);
                }

                @Override
                public void close() {
                    link.close();
                }
            };
        };
        try (ReplicaSender sender = sender(dialer, pending)) {
            sender.start();
            await().until(table::isComplete);
            assertThat(table.size()).isEqualTo(9);
            pending.gone(everyKind().getFirst().key());
            await().until(() -> table.size() == 8);
        }
    }
}
