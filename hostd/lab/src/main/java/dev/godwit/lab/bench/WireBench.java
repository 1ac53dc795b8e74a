package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.peer.PeerChannel;
import dev.godwit.peer.PeerLimits;
import dev.godwit.peer.PeerLink;
import dev.godwit.peer.PeerServer;
import dev.godwit.peer.PeerSockets;
import dev.godwit.peer.PeerStream;
import dev.godwit.replication.Reception;
import dev.godwit.replication.Replication;
import dev.godwit.replication.ReplicationLimits;
import dev.godwit.volume.DirtySets;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.TargetVolume;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * The peer wire with its whole page pipeline, memory to memory over loopback TCP, both ends counted, beside what one would
 * use without it: a bare copy over a socket of the same kind, and {@code zstd -1 | socat}.
 *
 * <p>{@code WireBench [--runs N] [--mib N] [--only TEXT] [--json FILE]}; rows {@code wire/DATA/BLOCK/{mb-per-s,mb-per-cpu-s}}, MB = 10^6
 * bytes before compression. {@code mixed}: of 4 pages 2 are zero, 1 text, 1 noise. {@code 1m} is the largest batch that a
 * frame holds (240 pages). The volume is a disk: every zero page is sent.
 */
public final class WireBench {
    private static final String OURS = "ours";
    private static final String SHELL = "zstd -1 | socat";
    /** Bounds each wait of a pass. */
    private static final Duration STEP_MAX = Duration.ofMinutes(2);

    private final int runs;
    private final long bytes;
    private final String only;
    private final Path scratch;

    private WireBench(int runs, long mib, String only, Path scratch) {
        this.runs = runs;
        this.bytes = mib << 20;
        this.only = only;
        this.scratch = scratch;
    }

    /** One run: how long and how much CPU of all processes that took part. */
    private record Pass(double seconds, double cpuSeconds) {}

    /** Something that moves {@code from} to {@code to}. */
    private interface Mover {
        void move(BenchVolume from, BenchVolume to) throws Exception;
    }

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
        int runs = 5;
        long mib = 256;
        String only = "";
        Path json = null;
        for (int i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length) {
                usage(arguments[i] + " needs a value");
            }
            switch (arguments[i]) {
                case "--runs" -> runs = Integer.parseInt(arguments[i + 1]);
                case "--mib" -> mib = Long.parseLong(arguments[i + 1]);
                case "--only" -> only = arguments[i + 1];
                case "--json" -> json = Path.of(arguments[i + 1]);
                default -> usage("unknown argument " + arguments[i]);
            }
        }
        Path scratch = Files.createTempDirectory(Path.of("/dev/shm"), "wire-bench");
        try {
            Map<String, Object> report = new WireBench(runs, mib, only, scratch).run();
            String text = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report);
            if (json == null) {
                System.out.println(text);
            } else {
                Files.writeString(json, text + "\n");
            }
        } finally {
            try (Stream<Path> files = Files.list(scratch)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(scratch);
        }
    }

    private static void usage(String problem) {
        System.err.println(problem + "\nusage: wire [--runs N] [--mib N] [--only TEXT] [--json FILE]");
        System.exit(2);
    }

    private Map<String, Object> run() throws Exception {
        List<BenchRow> rows = new ArrayList<>();
        BenchVolume to = new BenchVolume(bytes);
        for (String content : List.of("random", "zero", "mixed")) {
            if (!("wire/" + content + "/64k wire/" + content + "/1m").contains(only)) {
                continue;
            }
            BenchVolume from = new BenchVolume(bytes);
            from.fill(content, new Random(1));
            Path file = scratch.resolve(content);
            from.save(file);
            for (int batchPages : List.of(Pages.PAGES_PER_BLOCK, ReplicationLimits.BATCH_PAGES_MAX)) {
                boolean large = batchPages > Pages.PAGES_PER_BLOCK;
                String name = "wire/" + content + "/" + (large ? "1m" : "64k");
                if (!name.contains(only)) {
                    continue;
                }
                Map<String, Mover> movers = new LinkedHashMap<>();
                movers.put(OURS, (a, b) -> replicate(a, b, batchPages));
                movers.put("bare socket copy", (a, b) -> copy(a, b, large ? 1 << 20 : 1 << 16));
                movers.put(SHELL, (a, b) -> shell(file));
                Map<String, List<Pass>> passes = measure(movers, from, to);
                rows.add(row(name + "/mb-per-s", "MB/s", passes, pass -> bytes / 1e6 / pass.seconds()));
                rows.add(row(name + "/mb-per-cpu-s", "MB/CPU-s", passes, pass -> bytes / 1e6 / pass.cpuSeconds()));
            }
            Files.delete(file);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("bench", "wire");
        report.put("machine", BenchMachine.here());
        report.put("rows", rows);
        return report;
    }

    private Map<String, List<Pass>> measure(Map<String, Mover> movers, BenchVolume from, BenchVolume to)
            throws Exception {
        Map<String, List<Pass>> passes = new LinkedHashMap<>();
        // One unmeasured pass each compiles the code that is measured.
        for (int run = -1; run < runs; run++) {
            for (Map.Entry<String, Mover> mover : movers.entrySet()) {
                boolean inProcess = !mover.getKey().equals(SHELL);
                if (inProcess) {
                    to.forget();
                }
                double cpu = cpuSeconds();
                long begin = System.nanoTime();
                mover.getValue().move(from, to);
                Pass pass = new Pass((System.nanoTime() - begin) / 1e9, cpuSeconds() - cpu);
                if (inProcess && to.segment.mismatch(from.segment) >= 0) {
                    throw new IllegalStateException(mover.getKey() + " did not copy what it was given");
                }
                if (run >= 0) {
                    passes.computeIfAbsent(mover.getKey(), key -> new ArrayList<>())
                            .add(pass);
                }
            }
        }
        return passes;
    }

    private void replicate(BenchVolume from, BenchVolume to, int batchPages) throws Exception {
        Reception reception = new Reception(List.of(to), OutputStream::nullOutputStream);
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (PeerServer server = new PeerServer(
                        any,
                        "host-b",
                        (host, method, json) -> json,
                        (host, id, hello) -> reception,
                        PeerLimits.standard(),
                        PeerSockets.plain());
                PeerLink link = new PeerLink(server.address(), "host-a", PeerLimits.standard(), PeerSockets.plain());
                PeerStream stream = link.openStream("bench", new byte[0]);
                Replication replication = new Replication(
                        "host-b", List.of(from), stream, new ReplicationLimits(batchPages, STEP_MAX, STEP_MAX))) {
            replication.start();
            replication.round();
            replication.catchUp();
            replication.seal();
            stream.finish();
        }
    }

    private static void copy(BenchVolume from, BenchVolume to, int block)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        try (ServerSocketChannel listening =
                PeerSockets.plain().listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            CompletableFuture<Void> received = new CompletableFuture<>();
            Thread.ofPlatform().daemon().start(() -> {
                try (PeerChannel in = PeerSockets.plain().accepted(listening.accept())) {
                    receive(in, to, block);
                    received.complete(null);
                } catch (IOException e) {
                    received.completeExceptionally(e);
                }
            });
            try (PeerChannel out = PeerSockets.plain().connect(listening.getLocalAddress(), STEP_MAX)) {
                for (long at = 0; at < from.segment.byteSize(); at += block) {
                    ByteBuffer piece = from.segment.asSlice(at, block).asByteBuffer();
                    while (piece.hasRemaining()) {
                        out.write(piece);
                    }
                }
            }
            received.get(STEP_MAX.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private static void receive(PeerChannel in, BenchVolume to, int block) throws IOException {
        for (long at = 0; at < to.segment.byteSize(); at += block) {
            ByteBuffer piece = to.segment.asSlice(at, block).asByteBuffer();
            while (piece.hasRemaining()) {
                if (in.read(piece) < 0) {
                    throw new IOException("the copy ended early");
                }
            }
        }
    }

    private void shell(Path file) throws IOException, InterruptedException {
        Path there = scratch.resolve("there");
        int port;
        try (ServerSocketChannel free = ServerSocketChannel.open()) {
            free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            port = ((InetSocketAddress) free.getLocalAddress()).getPort();
        }
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "set -e; socat -b 262144 -u TCP-LISTEN:\"$1\",bind=127.0.0.1,reuseaddr - | zstd -q -d -f -o \"$3\" &"
                                + " zstd -q -1 -c \"$2\" | socat -b 262144 -u - TCP:127.0.0.1:\"$1\",retry=50,interval=0.01;"
                                + " wait",
                        "sh",
                        Integer.toString(port),
                        file.toString(),
                        there.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (process.waitFor() != 0 || Files.size(there) != bytes) {
            throw new IOException("zstd | socat failed: " + said);
        }
        Files.delete(there);
    }

    private static BenchRow row(
            String name, String unit, Map<String, List<Pass>> passes, ToDoubleFunction<Pass> figure) {
        Map<String, Sample> samples = new LinkedHashMap<>();
        passes.forEach((who, all) -> samples.put(
                who,
                Sample.of(all.stream()
                        .map(pass -> Math.round(figure.applyAsDouble(pass) * 10) / 10.0)
                        .toList())));
        Sample ours = Objects.requireNonNull(samples.remove(OURS), "ours runs in every case");
        return BenchRow.of(
                name,
                unit,
                ours,
                samples.entrySet().stream()
                        .map(entry -> BenchRow.Peer.of(entry.getKey(), entry.getValue()))
                        .toList());
    }

    /** CPU of this process and of its children that have ended. */
    private static double cpuSeconds() throws IOException {
        if (!(ManagementFactory.getOperatingSystemMXBean()
                instanceof com.sun.management.OperatingSystemMXBean system)) {
            throw new IOException("this JVM does not tell its CPU time");
        }
        String stat = Files.readString(Path.of("/proc/self/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        // cutime and cstime, in ticks of 10 ms.
        long childTicks = Long.parseLong(fields[13]) + Long.parseLong(fields[14]);
        return system.getProcessCpuTime() / 1e9 + childTicks / 100.0;
    }

    /** A disk in memory, all of it content. */
    private static final class BenchVolume implements SourceVolume, TargetVolume {
        final MemorySegment segment;
        private final DirtySets sets;

        BenchVolume(long bytes) {
            segment = Arena.ofAuto().allocate(bytes, Pages.PAGE_BYTES);
            sets = new DirtySets(Pages.pageCount(bytes));
        }

        void fill(String content, Random random) {
            byte[] page = new byte[Pages.PAGE_BYTES];
            for (long at = 0; at < segment.byteSize(); at += Pages.PAGE_BYTES) {
                long part = at / Pages.PAGE_BYTES % 4;
                if (content.equals("random") || (content.equals("mixed") && part == 3)) {
                    random.nextBytes(page);
                } else if (content.equals("mixed") && part == 2) {
                    text(page, random);
                } else {
                    Arrays.fill(page, (byte) 0);
                }
                MemorySegment.copy(MemorySegment.ofArray(page), 0, segment, at, page.length);
            }
        }

        private static void text(byte[] page, Random random) {
            for (int i = 0; i < page.length; i++) {
                // Words of skewed letters: zstd -1 makes about a third of it.
                page[i] = random.nextInt(6) == 0
                        ? (byte) ' '
                        : (byte) ('a' + Math.min(25, (int) Math.abs(random.nextGaussian() * 4)));
            }
        }

        void save(Path file) throws IOException {
            try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                ByteBuffer all = segment.asByteBuffer();
                while (all.hasRemaining()) {
                    out.write(all);
                }
            }
        }

        /** Makes every page wrong, so that a copy which does nothing is seen. */
        void forget() {
            segment.fill((byte) 0x5A);
        }

        @Override
        public VolumeKind kind() {
            return VolumeKind.DISK;
        }

        @Override
        public long pageCount() {
            return segment.byteSize() / Pages.PAGE_BYTES;
        }

        @Override
        public DirtySets dirtySets() {
            return sets;
        }

        @Override
        public void scan() {
            // Nobody writes to it.
        }

        @Override
        public PageSet content() {
            PageSet all = new PageSet(pageCount());
            all.addEverything();
            return all;
        }

        @Override
        public void read(long first, int count, MemorySegment into) {
            MemorySegment.copy(segment, first * Pages.PAGE_BYTES, into, 0, (long) count * Pages.PAGE_BYTES);
        }

        @Override
        public void write(long first, int count, MemorySegment from) {
            MemorySegment.copy(from, 0, segment, first * Pages.PAGE_BYTES, (long) count * Pages.PAGE_BYTES);
        }

        @Override
        public void zero(long first, int count) {
            segment.asSlice(first * Pages.PAGE_BYTES, (long) count * Pages.PAGE_BYTES)
                    .fill((byte) 0);
        }

        @Override
        public void flush() {
            // Memory is as durable as it gets here.
        }
    }
}
