package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The file that a controller is given. */
class AssembledHpiTest {
    private static Map<String, byte[]> hpi;
    private static Map<String, byte[]> inner;

    @BeforeAll
    static void unpack() throws IOException {
        Path file = MemberListTest.root().resolve(MemberListTest.PLUGIN).resolve("target/godwit.hpi");
        try (InputStream in = java.nio.file.Files.newInputStream(file)) {
            hpi = entries(in);
        }
        inner = entries(new ByteArrayInputStream(hpi.get("WEB-INF/lib/godwit.jar")));
    }

    private static Map<String, byte[]> entries(InputStream in) throws IOException {
        Map<String, byte[]> all = new TreeMap<>();
        try (ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (!entry.isDirectory()) {
                    all.put(entry.getName(), zip.readAllBytes());
                }
            }
        }
        return all;
    }

    @Test
    void bothManifestsSayWhatJenkinsAsks() throws IOException {
        for (Map<String, byte[]> archive : List.of(hpi, inner)) {
            Attributes manifest =
                    new Manifest(new ByteArrayInputStream(archive.get("META-INF/MANIFEST.MF"))).getMainAttributes();
            assertThat(manifest.getValue("Short-Name")).isEqualTo("godwit");
            assertThat(manifest.getValue("Jenkins-Version")).isEqualTo("2.541.3");
            assertThat(manifest.getValue("Plugin-Version")).isNotBlank().doesNotContain("$");
            // A controller without other plugins must be able to load it.
            for (String dependency : manifest.getValue("Plugin-Dependencies").split(",")) {
                assertThat(dependency).endsWith(";resolution:=optional").doesNotContain("$");
            }
        }
    }

    @Test
    void noStubAndNothingOfJenkinsIsPackaged() {
        assertThat(hpi.keySet()).allMatch(name -> name.startsWith("META-INF/") || name.startsWith("WEB-INF/lib/"));
        assertThat(inner.keySet())
                .noneMatch(name -> name.matches(
                        "(hudson|jenkins|org/kohsuke|org/jenkinsci|net/sf|net/java|com/codahale|org/slf4j)/.*"));
    }

    @Test
    void everyBundledClassIsUnderOurOwnName() {
        assertThat(inner.keySet().stream().filter(name -> name.endsWith(".class")))
                .isNotEmpty()
                .allMatch(name -> name.startsWith("dev/godwit/"));
    }

    @Test
    void noBundledClassNamesALibraryByItsOldName() throws IOException {
        for (Map.Entry<String, byte[]> entry : inner.entrySet()) {
            if (entry.getKey().startsWith("dev/godwit/")
                    && entry.getKey().endsWith(".class")
                    && !entry.getKey().startsWith("dev/godwit/jenkins/lib/")) {
                assertThat(Bytecode.references(new ByteArrayInputStream(entry.getValue())))
                        .as(entry.getKey())
                        .noneMatch(name -> name.matches("(okhttp3|okio|kotlin|com/fasterxml)/.*"));
            }
        }
    }

    @Test
    void indexesAndViewsAreInTheInnerJar() {
        assertThat(inner)
                .containsKeys(
                        "index.jelly",
                        "META-INF/annotations/hudson.Extension",
                        "META-INF/services/annotations/org.jenkinsci.Symbol",
                        "dev/godwit/jenkins/GodwitCloud/config.jelly",
                        "dev/godwit/jenkins/GodwitCloud/main.jelly",
                        "dev/godwit/jenkins/AgentPage/index.jelly");
        String extensions = new String(inner.get("META-INF/annotations/hudson.Extension.txt"), StandardCharsets.UTF_8);
        assertThat(extensions)
                .contains(
                        "GodwitCloud$DescriptorImpl",
                        "NoDelayStrategy",
                        "QueueWatch",
                        "OnlineWatch",
                        "Brokers",
                        "Upkeep");
    }
}
