package dev.godwit.lab;

import dev.godwit.api.ExecRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/**
 * {@code script/train}: lets a hostd live a short life, moves of a VM from it and to it in both roles, so that the JVM that
 * watches it makes an AOT cache (JEP 514, 515) of the classes and the profiles that a cut-over needs. The first move of a host
 * is often its last, and whatever the JVM loads, links or interprets in it lies in the blackout. Exit status 0 made, 3 not.
 */
public final class HostdTraining {
    private static final String IMAGE = "debian-ci";
    private static final String CACHE = "hostd.aot";
    private static final int ROUND_TRIPS = 3;
    private static final int NOT_SET_UP = 3;
    /** A guest that computes, writes memory and disk, and speaks. */
    private static final String WORK =
            "while :; do dd if=/dev/urandom of=/var/tmp/work bs=64k count=32 2>/dev/null; sync; echo again; done";

    private HostdTraining() {}

    public static void main(String[] args) throws InterruptedException {
        DistFiles dist = DistFiles.ofProperty();
        DemoOptions options = DemoOptions.parse(args);
        try (Stage stage =
                Stage.open(options, new Findings(options, List.of()), dist, DistFiles.caches(), System.out)) {
            train(stage, dist.root().resolve("dist/lib").resolve(CACHE));
        } catch (LabException | IOException e) {
            System.err.println("the training of hostd failed: " + e.getMessage());
            System.exit(NOT_SET_UP);
        }
    }

    private static void train(Stage stage, Path cache) throws IOException {
        LabHost other = stage.startHost("host-a", 1, true);
        LabHost pupil = stage.startTrainedHost("host-b", 2, CACHE);
        Guest guest = stage.boot(other, "training", stage.image(IMAGE, other, pupil));
        guest.start(new ExecRequest(List.of("sh", "-c", WORK), Map.of("PATH", "/usr/bin:/bin"), null, false));
        for (int trip = 0; trip < ROUND_TRIPS; trip++) {
            stage.move(guest, other, pupil);
            askAround(stage, pupil, guest);
            stage.move(guest, pupil, other);
        }
        stage.godwitAt(other, "vm", "rm", guest.vm());
        pupil.stopHostd();
        Files.copy(pupil.directory().resolve(CACHE), cache, StandardCopyOption.REPLACE_EXISTING);
    }

    /** What people ask a hostd. */
    private static void askAround(Stage stage, LabHost host, Guest guest) {
        stage.godwitAt(host, "vm", "list");
        stage.godwitAt(host, "vm", "show", guest.vm());
        stage.godwitAt(host, "vm", "exec", guest.vm(), "true");
        stage.godwitAt(host, "host", "status");
        stage.godwitAt(host, "host", "list");
        stage.godwitAt(host, "image", "list");
        stage.godwitAt(host, "move", "list");
    }
}
