package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What the plugin's bytecode uses of Jenkins and of other plugins is in {@code jenkins-api-2.541.txt}, which was reviewed against
 * core's sources: a plugin that uses a member that core does not have fails in the user's controller, not in the build.
 */
class MemberListTest {
    static final String PLUGIN = "jenkins-plugin/plugin";
    private static final List<String> OTHERS =
            List.of("hudson/", "jenkins/", "org/kohsuke/", "org/jenkinsci/", "net/sf/json/", "com/codahale/");

    @Test
    void everyMemberOfJenkinsIsOnTheList() throws IOException {
        List<String> listed = Files.readAllLines(root().resolve(PLUGIN).resolve("jenkins-api-2.541.txt")).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("//"))
                .toList();
        assertThat(used())
                .as("change the list only after a look into core 2.541.3")
                .containsExactlyElementsOf(listed);
    }

    static Path root() {
        return Path.of(System.getProperty("godwit.root"));
    }

    private static Set<String> used() throws IOException {
        Set<String> used = new TreeSet<>();
        Path classes = root().resolve(PLUGIN).resolve("target/classes");
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".class")).toList()) {
                try (InputStream in = Files.newInputStream(file)) {
                    Bytecode.references(in).stream()
                            .filter(line -> OTHERS.stream().anyMatch(line::startsWith))
                            .forEach(used::add);
                }
            }
        }
        return used;
    }
}
