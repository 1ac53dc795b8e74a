package dev.godwit.lab;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Vm;
import dev.godwit.client.GodwitClient;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/**
 * The artefact of the same build in a VM that never moved. A build's bytes follow from image, sources, script and options
 * alone, so its hash is kept in the cache under the hash of these.
 */
final class ReferenceBuild {
    private static final Duration LIMIT = Duration.ofMinutes(30);

    private final Path cache;
    private final PrintStream terminal;

    ReferenceBuild(Path cache, PrintStream terminal) {
        this.cache = cache;
        this.terminal = terminal;
    }

    /** SHA-256 of the artefact, in hexadecimal. */
    String artefactSha256(GodwitClient client, String imageDigest, LuaBuild build, CreateVm wanted)
            throws IOException, InterruptedException {
        Path known = cache.resolve("reference-" + build.key(imageDigest));
        if (Files.exists(known)) {
            String hash = Files.readString(known).strip();
            terminal.println("reference: known from an earlier run: " + hash);
            return hash;
        }
        terminal.println("reference: building in a VM that does not move");
        Vm vm = client.createVm(wanted);
        try {
            Guest guest = new Guest(client, vm.id());
            guest.awaitRunning();
            build.install(guest);
            try (BuildRun run = BuildRun.start(guest, build, terminal, "reference | ")) {
                int status = run.awaitEnd(LIMIT);
                if (status != 0) {
                    throw new LabException("the reference build ended with status " + status);
                }
            }
            String hash = LuaBuild.sha256(guest.read(LuaBuild.ARTEFACT));
            Files.createDirectories(cache);
            Path draft = Files.createTempFile(cache, "reference-", ".new");
            Files.writeString(draft, hash + "\n");
            Files.move(draft, known, StandardCopyOption.ATOMIC_MOVE);
            return hash;
        } finally {
            client.deleteVm(vm.id());
        }
    }
}
