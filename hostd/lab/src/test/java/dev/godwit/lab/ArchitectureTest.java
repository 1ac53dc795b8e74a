package dev.godwit.lab;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The arrows between the modules, and the rules that hold for every source file. */
class ArchitectureTest {
    /** What each module may use. A module that is not named here may not exist. */
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            Map.entry("tls", Set.of()),
            Map.entry("pki", Set.of("tls")),
            Map.entry("linux", Set.of()),
            Map.entry("volume", Set.of("linux")),
            Map.entry("net", Set.of("linux")),
            Map.entry("nbd", Set.of("volume", "linux")),
            Map.entry("peer", Set.of("tls", "volume", "linux")),
            Map.entry("replication", Set.of("volume", "peer", "linux")),
            Map.entry("vmm", Set.of("volume", "linux")),
            Map.entry("edge", Set.of("net", "linux")),
            Map.entry("guest", Set.of("linux")),
            Map.entry("move", Set.of()),
            Map.entry("policy", Set.of()),
            Map.entry("cloud", Set.of()),
            Map.entry("fleet", Set.of("tls")),
            Map.entry("api", Set.of()),
            Map.entry("client", Set.of("api", "tls")),
            Map.entry("cli", Set.of("api", "tls")),
            Map.entry(
                    "daemon",
                    Set.of(
                            "api",
                            "tls",
                            "pki",
                            "linux",
                            "volume",
                            "net",
                            "edge",
                            "nbd",
                            "peer",
                            "replication",
                            "vmm",
                            "guest",
                            "move",
                            "policy",
                            "cloud",
                            "fleet")),
            Map.entry(
                    "lab",
                    Set.of(
                            "api",
                            "client",
                            "cli",
                            "tls",
                            "pki",
                            "daemon",
                            "linux",
                            "volume",
                            "net",
                            "edge",
                            "nbd",
                            "peer",
                            "replication",
                            "vmm",
                            "guest",
                            "move",
                            "policy",
                            "cloud",
                            "fleet")));

    private static final int LINES_MAX = 500;
    private static final Path HOSTD = DistFiles.ofProperty().root().resolve("hostd");

    private static JavaClasses classes;

    @BeforeAll
    static void importClasses() throws IOException {
        List<Path> compiled = new ArrayList<>();
        for (String module : modules()) {
            compiled.add(HOSTD.resolve(module).resolve("target/classes"));
        }
        classes = new ClassFileImporter().importPaths(compiled);
    }

    @Test
    void everyModuleHasItsArrows() throws IOException {
        assertThat(modules()).containsExactlyInAnyOrderElementsOf(new TreeSet<>(MAY_USE.keySet()));
        assertThat(classes.size()).isGreaterThan(100);
    }

    @Test
    void arrowsPointDownOnly() {
        for (Map.Entry<String, Set<String>> module : MAY_USE.entrySet()) {
            String[] forbidden = MAY_USE.keySet().stream()
                    .filter(other ->
                            !other.equals(module.getKey()) && !module.getValue().contains(other))
                    .map(other -> "dev.godwit." + other + "..")
                    .toArray(String[]::new);
            if (forbidden.length > 0) {
                noClasses()
                        .that()
                        .resideInAPackage("dev.godwit." + module.getKey() + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(forbidden)
                        .allowEmptyShould(true)
                        .check(classes);
            }
        }
    }

    @Test
    void onlyLinuxCallsTheKernel() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.godwit.linux..", "dev.godwit.lab..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker")
                .check(classes);
    }

    @Test
    void noSourceFileIsLongerThanFiveHundredLines() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path source : sources()) {
            long lines = Files.readAllLines(source).size();
            if (lines > LINES_MAX) {
                tooLong.add(HOSTD.relativize(source) + " has " + lines);
            }
        }
        assertThat(tooLong).isEmpty();
    }

    @Test
    void everyPackageIsNullMarked() throws IOException {
        List<Path> unmarked = new ArrayList<>();
        for (Path folder : sources().stream().map(Path::getParent).collect(Collectors.toCollection(TreeSet::new))) {
            Path info = folder.resolve("package-info.java");
            if (!Files.exists(info) || !Files.readString(info).contains("@NullMarked")) {
                unmarked.add(HOSTD.relativize(folder));
            }
        }
        assertThat(unmarked).isEmpty();
    }

    private static Set<String> modules() throws IOException {
        try (Stream<Path> folders = Files.list(HOSTD)) {
            return folders.filter(folder -> Files.exists(folder.resolve("pom.xml")))
                    .map(folder -> folder.getFileName().toString())
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String module : modules()) {
            try (Stream<Path> files = Files.walk(HOSTD.resolve(module).resolve("src/main/java"))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        return sources;
    }
}
