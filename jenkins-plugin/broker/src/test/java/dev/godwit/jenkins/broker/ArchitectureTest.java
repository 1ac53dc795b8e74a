package dev.godwit.jenkins.broker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The broker knows the client and the records, and no Jenkins type. */
class ArchitectureTest {
    private static final int LINES_MAX = 500;
    private static final Path MODULE = Path.of(System.getProperty("godwit.root"), "jenkins-plugin", "broker");

    @Test
    void theBrokerStandsOnTheClientOnly() {
        classes()
                .that()
                .resideInAPackage("dev.godwit.jenkins.broker..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "dev.godwit.jenkins.broker..",
                        "dev.godwit.client..",
                        "dev.godwit.api..",
                        "org.slf4j..",
                        "java..",
                        "org.jspecify..")
                .check(new ClassFileImporter().importPath(MODULE.resolve("target/classes")));
    }

    @Test
    void noSourceFileIsLongerThanFiveHundredLines() throws Exception {
        try (Stream<Path> files = Files.walk(MODULE.resolve("src"))) {
            List<Path> sources =
                    files.filter(file -> file.toString().endsWith(".java")).toList();
            assertThat(sources).isNotEmpty();
            for (Path source : sources) {
                assertThat(Files.readAllLines(source)).as(source.toString()).hasSizeLessThanOrEqualTo(LINES_MAX);
            }
        }
    }
}
