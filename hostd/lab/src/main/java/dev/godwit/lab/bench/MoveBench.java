package dev.godwit.lab.bench;

import dev.godwit.api.AcceleratorKind;
import dev.godwit.api.BuildImage;
import dev.godwit.api.CreateVm;
import dev.godwit.api.Image;
import dev.godwit.api.ImageState;
import dev.godwit.client.GodwitClient;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.Lab;
import dev.godwit.lab.LabException;
import dev.godwit.lab.LabHost;
import dev.godwit.lab.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Moves of a real VM there and back between two hosts of the lab, beside {@linkplain QemuMover plain QEMU} with the same
 * image, memory and vCPUs. Rows {@code move/{blackout,total,bytes}/{1,2}vcpu} are of an idle guest, those that end in
 * {@code -writer} of one that writes 1,500 pages a second. The two take turns, and one rests while the other moves. Every
 * move counts, also the first of a fresh hostd.
 *
 * <pre>MoveBench [--moves N] [--vcpus 1|2] [--json FILE]</pre>
 */
public final class MoveBench {
    private static final int MOVES = 6;
    private static final int MEMORY_MIB = 512;
    private static final int DISK_MIB = 4096;
    private static final Duration IMAGE_MAX = Duration.ofMinutes(20);
    private static final String IMAGE = "debian-ci";
    private static final String USAGE = "usage: bench move [--moves N] [--vcpus 1|2] [--json FILE]";

    private final Options options;
    private final DistFiles dist;

    private MoveBench(Options options, DistFiles dist) {
        this.options = options;
        this.dist = dist;
    }

    /** What the command line says. */
    private record Options(
            int moves, List<Integer> vcpus, @Nullable Path json) {
        static Options parse(String[] args) {
            int moves = MOVES;
            List<Integer> vcpus = List.of(1, 2);
            Path json = null;
            for (int i = 0; i < args.length; i += 2) {
                String value = i + 1 < args.length ? args[i + 1] : "";
                if (args[i].equals("--moves") && value.matches("[1-9][0-9]{0,2}")) {
                    moves = Integer.parseInt(value);
                } else if (args[i].equals("--vcpus") && value.matches("[12]")) {
                    vcpus = List.of(Integer.parseInt(value));
                } else if (args[i].equals("--json") && !value.isEmpty()) {
                    json = Path.of(value);
                } else {
                    throw new IllegalArgumentException(args[i] + " " + value + " is not understood");
                }
            }
            return new Options(moves, vcpus, json);
        }
    }

    /** See the class. */
    public static void main(String[] args) {
        System.exit(status(args));
    }

    private static int status(String[] args) {
        try {
            new MoveBench(Options.parse(args), DistFiles.ofProperty()).run();
            return 0;
        } catch (IllegalArgumentException usage) {
            System.err.println("bench move: " + usage.getMessage() + "\n" + USAGE);
            return 2;
        } catch (IOException | LabException failed) {
            System.err.println("bench move: " + failed.getMessage());
            return 1;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            System.err.println("bench move: interrupted");
            return 1;
        }
    }

    private void run() throws IOException, InterruptedException {
        try (Lab lab = Lab.open(dist, Path.of("/var/tmp"), DistFiles.caches())) {
            LabHost a = lab.startHost("host-a", 1, true);
            LabHost b = lab.startHost("host-b", 2, false);
            try (GodwitClient client = lab.fleet().client(a, b);
                    GodwitClient onA = lab.fleet().client(a);
                    GodwitClient onB = lab.fleet().client(b)) {
                String digest = image(client);
                Path files = a.directory().resolve("state/images").resolve(digest.substring(digest.indexOf(':') + 1));
                AcceleratorKind accelerator = Optional.ofNullable(client.host().accelerator())
                        .orElseThrow(() -> new LabException("host-a has no accelerator: " + reason(client)));
                BenchDocument document = new BenchDocument(
                        "move", BenchMachine.running(accelerator.toString().toLowerCase(Locale.ROOT)));
                for (int vcpus : options.vcpus()) {
                    Path folder = Files.createDirectory(lab.directory().resolve("peer-" + vcpus));
                    try (Mover ours = GodwitMover.boot(
                                    client,
                                    Map.of(a.id(), onA, b.id(), onB),
                                    dist,
                                    new CreateVm("bench-" + vcpus, digest, vcpus, MEMORY_MIB, DISK_MIB));
                            Mover peer = QemuMover.boot(
                                    files,
                                    accelerator == AcceleratorKind.KVM ? "kvm" : "tcg,thread=multi,tb-size=128",
                                    vcpus,
                                    MEMORY_MIB,
                                    DISK_MIB,
                                    folder,
                                    dist)) {
                        measure(document, vcpus + "vcpu", ours, peer);
                        ours.startWriter();
                        peer.startWriter();
                        measure(document, vcpus + "vcpu-writer", ours, peer);
                    }
                }
                document.write(options.json());
            }
        }
    }

    private static String reason(GodwitClient client) {
        try {
            return client.host().reason();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Builds the image on host-a and copies it to host-b; its digest. */
    private static String image(GodwitClient client) throws IOException {
        client.buildImage(new BuildImage(IMAGE, IMAGE));
        Image image;
        try {
            image = Patience.waitFor("the image " + IMAGE, IMAGE_MAX, () -> {
                try {
                    return Optional.of(client.image(IMAGE)).filter(now -> now.state() != ImageState.BUILDING);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (image.digest() == null) {
            throw new LabException("the image " + IMAGE + " can't be built: " + image.detail());
        }
        client.pushImage(image.digest(), "host-b");
        return image.digest();
    }

    private void measure(BenchDocument document, String guest, Mover ours, Mover peer)
            throws IOException, InterruptedException {
        List<Mover.Cost> oursCosts = new ArrayList<>();
        List<Mover.Cost> peerCosts = new ArrayList<>();
        ours.rest();
        peer.rest();
        for (int move = 0; move < options.moves(); move++) {
            if (move % 2 == 0) {
                oursCosts.add(moved(ours));
                peerCosts.add(moved(peer));
            } else {
                peerCosts.add(moved(peer));
                oursCosts.add(moved(ours));
            }
        }
        ours.wake();
        peer.wake();
        row(document, "move/blackout/" + guest, "ms", oursCosts, peer, peerCosts, Mover.Cost::blackoutMillis);
        row(document, "move/total/" + guest, "ms", oursCosts, peer, peerCosts, Mover.Cost::totalMillis);
        row(document, "move/bytes/" + guest, "bytes", oursCosts, peer, peerCosts, Mover.Cost::bytes);
    }

    private static Mover.Cost moved(Mover mover) throws IOException, InterruptedException {
        mover.wake();
        Mover.Cost cost = mover.move();
        mover.rest();
        return cost;
    }

    private static void row(
            BenchDocument document,
            String name,
            String unit,
            List<Mover.Cost> ours,
            Mover peer,
            List<Mover.Cost> peerCosts,
            ToDoubleFunction<Mover.Cost> figure) {
        document.add(BenchRow.ofCost(
                name, unit, sample(ours, figure), List.of(BenchRow.Peer.of(peer.name(), sample(peerCosts, figure)))));
    }

    private static Sample sample(List<Mover.Cost> costs, ToDoubleFunction<Mover.Cost> figure) {
        return Sample.of(costs.stream()
                .map(cost -> Math.round(figure.applyAsDouble(cost) * 10) / 10.0)
                .toList());
    }
}
