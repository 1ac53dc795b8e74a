package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The build that needs no Jenkins repository and the one that does are of the same versions. */
class PomsTest {
    private static final Pattern PROPERTY =
            Pattern.compile("<((?:jenkins\\.|[a-z-]+\\.)(?:baseline|version))>([^<]+)</");

    @Test
    void bothPomsNameTheSameVersions() throws IOException {
        Map<String, String> offline = versions(pom("jenkins-plugin/plugin/pom.xml"));
        Map<String, String> online = versions(pom("jenkins-plugin/pom-jenkins.xml"));
        assertThat(online)
                .containsKeys("jenkins.version", "workflow-step-api.version", "metrics.version", "okhttp.version");
        online.forEach((name, version) -> assertThat(offline).containsEntry(name, version));
        assertThat(offline.keySet()).allMatch(name -> online.containsKey(name) || name.equals("sezpoz.version"));
    }

    @Test
    void theLibrariesAreThoseOfTheReactor() throws IOException {
        Map<String, String> offline = versions(pom("jenkins-plugin/plugin/pom.xml"));
        String root = pom("pom.xml");
        assertThat(root).contains("<artifactId>okhttp-bom</artifactId><version>" + offline.get("okhttp.version"));
        assertThat(root).contains("<artifactId>jackson-bom</artifactId><version>" + offline.get("jackson.version"));
        assertThat(root).contains("<artifactId>sezpoz</artifactId><version>" + offline.get("sezpoz.version"));
    }

    /** Says how many tests this build can't run; they count as neither passed nor failed. */
    @Test
    void testsAgainstTheRealJenkinsAreNamedAsNotRun() throws IOException {
        long tests = 0;
        try (Stream<Path> files =
                Files.walk(MemberListTest.root().resolve(MemberListTest.PLUGIN).resolve("src/test-jth/java"))) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".java")).toList()) {
                tests += Pattern.compile("@Test\\b|extends AbstractRoundTripTest")
                        .matcher(Files.readString(file))
                        .results()
                        .count();
            }
        }
        System.out.println(tests + " tests against the real Jenkins not run: they need the Jenkins repository"
                + " (mvn -f jenkins-plugin/pom-jenkins.xml verify)");
        assertThat(tests).isPositive();
    }

    private static String pom(String path) throws IOException {
        return Files.readString(MemberListTest.root().resolve(path));
    }

    private static Map<String, String> versions(String pom) {
        Map<String, String> found = new TreeMap<>();
        Matcher each = PROPERTY.matcher(pom);
        while (each.find()) {
            found.put(each.group(1), each.group(2));
        }
        return found;
    }
}
