package dev.godwit.lab;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the build leaves and the lab uses.
 *
 * @param root the repository's root
 */
public record DistFiles(Path root) {
    /** From the system property {@code godwit.root}, which the launcher and the tests set. */
    public static DistFiles ofProperty() {
        String root = System.getProperty("godwit.root");
        if (root == null) {
            throw new LabException("the system property godwit.root is not set; run this by script/demo");
        }
        return new DistFiles(Path.of(root).toAbsolutePath().normalize());
    }

    /** The folder of what is slow to make: the one that {@code GODWIT_CACHE} names, or the usual one. */
    public static Path caches() {
        String named = System.getenv("GODWIT_CACHE");
        return Path.of(named == null || named.isEmpty() ? "/var/cache/godwit" : named);
    }

    public Path hostd() {
        return present(root.resolve("dist/bin/hostd"));
    }

    public Path godwit() {
        return present(root.resolve("dist/bin/godwit"));
    }

    /** A program of {@code native/probes}: pages, files, ticker, echo or nsinit. */
    public Path probe(String name) {
        return present(root.resolve("dist/native/probes").resolve(name));
    }

    private static Path present(Path file) {
        if (!Files.isExecutable(file)) {
            throw new LabException(file + " is missing: run script/build first");
        }
        return file;
    }
}
