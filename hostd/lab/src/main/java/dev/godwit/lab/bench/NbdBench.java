package dev.godwit.lab.bench;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Godwit's NBD server against qemu-nbd and nbdkit, under {@code qemu-img bench}. Each server has a disk of its own, written
 * once from end to end; the servers alternate within each case. Exit 0 when printed, 1 on error, 2 usage.
 *
 * <pre>NbdBench [--quick] [--only TEXT] [--json FILE] [--tmpfs FOLDER] [--ext4 FOLDER]</pre>
 */
public final class NbdBench {
    private static final long DISK_BYTES = 1L << 30;
    private static final int RUNS = 5;
    private static final int QUICK_RUNS = 3;
    /** A quick run makes a quarter of the requests. */
    private static final int QUICK_DIVISOR = 4;

    private final Options options;
    private final BenchDocument document;

    private NbdBench(Options options) throws IOException {
        this.options = options;
        this.document = new BenchDocument("nbd", BenchMachine.here());
    }

    /** What the command line says. */
    private record Options(
            boolean quick, String only, @Nullable Path json, Path tmpfs, Path ext4) {
        static Options parse(String[] args) {
            boolean quick = false;
            String only = "";
            Path json = null;
            Path tmpfs = Path.of("/dev/shm");
            String cache = System.getenv("GODWIT_CACHE");
            Path ext4 = Path.of(cache == null || cache.isEmpty() ? "/var/cache/godwit" : cache);
            for (int i = 0; i < args.length; i++) {
                if (args[i].equals("--quick")) {
                    quick = true;
                    continue;
                }
                if (i + 1 == args.length) {
                    throw new IllegalArgumentException("unknown option, or option without a value: " + args[i]);
                }
                switch (args[i]) {
                    case "--only" -> only = args[++i];
                    case "--json" -> json = Path.of(args[++i]);
                    case "--tmpfs" -> tmpfs = Path.of(args[++i]);
                    case "--ext4" -> ext4 = Path.of(args[++i]);
                    default -> throw new IllegalArgumentException("unknown option " + args[i]);
                }
            }
            return new Options(quick, only, json, tmpfs, ext4);
        }
    }

    /** See the class. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    private static int run(String[] args) {
        try {
            new NbdBench(Options.parse(args)).run();
            return 0;
        } catch (IllegalArgumentException usage) {
            System.err.println(usage.getMessage());
            System.err.println(
                    "usage: bench nbd [--quick] [--only TEXT] [--json FILE] [--tmpfs FOLDER] [--ext4 FOLDER]");
            return 2;
        } catch (IOException failed) {
            System.err.println("bench nbd: " + failed.getMessage());
            return 1;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            System.err.println("bench nbd: interrupted");
            return 1;
        }
    }

    private void run() throws IOException, InterruptedException {
        medium(options.tmpfs(), "tmpfs", List.of("tmpfs"));
        medium(options.ext4(), "ext4", List.of("ext4-warm", "ext4-cold"));
        document.write(options.json());
    }

    private void medium(Path parent, String type, List<String> states) throws IOException, InterruptedException {
        Files.createDirectories(parent);
        FileStore store = Files.getFileStore(parent);
        if (!store.type().equals(type)) {
            throw new IOException(
                    parent + " is on " + store.type() + ", not on " + type + "; name a folder with --" + type);
        }
        Path folder = Files.createTempDirectory(parent, "nbd-bench");
        List<NbdContender> contenders = new ArrayList<>();
        try {
            contenders.add(NbdContender.ours(folder, DISK_BYTES));
            contenders.add(NbdContender.qemuNbd(folder, DISK_BYTES));
            contenders.add(NbdContender.nbdkit(folder, DISK_BYTES));
            for (NbdContender contender : contenders) {
                warmUp(contender);
            }
            for (String state : states) {
                for (NbdLoad load : NbdLoad.all()) {
                    row("nbd/" + state + "/", load, contenders, state.endsWith("-cold"));
                }
                if (!state.endsWith("-cold")) {
                    row("nbd/" + state + "/", NbdLoad.writeFlush(), contenders, false);
                }
            }
        } finally {
            for (NbdContender contender : contenders.reversed()) {
                contender.close();
            }
            delete(folder);
        }
    }

    /** Writes the disk from end to end, and lets the JVM compile what will run. */
    private static void warmUp(NbdContender contender) throws IOException, InterruptedException {
        NbdLoad.output(List.of(
                "qemu-io",
                "-f",
                "raw",
                "-c",
                "write -P 90 0 512M",
                "-c",
                "write -P 90 512M 512M",
                "-c",
                "flush",
                contender.uri()));
        for (NbdLoad load : NbdLoad.all()) {
            load.run(contender.uri(), QUICK_DIVISOR);
        }
    }

    private void row(String prefix, NbdLoad load, List<NbdContender> contenders, boolean cold)
            throws IOException, InterruptedException {
        String name = prefix + load.name();
        if (!name.contains(options.only())) {
            return;
        }
        List<List<Double>> figures = new ArrayList<>();
        contenders.forEach(contender -> figures.add(new ArrayList<>()));
        for (int run = 0; run < (options.quick() ? QUICK_RUNS : RUNS); run++) {
            for (int turn = 0; turn < contenders.size(); turn++) {
                // Who begins changes with each run, and nobody pays for writes of the run before.
                int i = (run + turn) % contenders.size();
                NbdContender contender = contenders.get(i);
                for (NbdContender each : contenders) {
                    settle(each.file(), cold);
                }
                figures.get(i).add(load.run(contender.uri(), options.quick() ? QUICK_DIVISOR : 1));
            }
        }
        List<BenchRow.Peer> peers = new ArrayList<>();
        for (int i = 1; i < contenders.size(); i++) {
            peers.add(BenchRow.Peer.of(contenders.get(i).name(), Sample.of(figures.get(i))));
        }
        document.add(BenchRow.of(name, load.unit(), Sample.of(figures.getFirst()), peers));
    }

    /** Brings a file to the medium, and may drop it from the cache. Source: the manual of dd, "Drop cache for whole file". */
    private static void settle(Path file, boolean drop) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of("dd", "of=" + file, "conv=notrunc,fdatasync", "count=0", "status=none"));
        if (drop) {
            command.add("oflag=nocache");
        }
        NbdLoad.output(command);
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
