package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LuaBuildTest {
    @TempDir
    Path folder;

    @Test
    void moreHopsAndMoreCpusMeanMoreWork() {
        Path tarball = Path.of("lua.tar.gz");
        assertThat(LuaBuild.forDemo(tarball, 1, 1, true).objects()).isEqualTo(6);
        assertThat(LuaBuild.forDemo(tarball, 3, 1, true).objects()).isGreaterThanOrEqualTo(12);
        assertThat(LuaBuild.forDemo(tarball, 1, 2, true).objects()).isGreaterThanOrEqualTo(12);
        assertThat(LuaBuild.forDemo(tarball, 1, 1, false).objects()).isGreaterThanOrEqualTo(240);
    }

    @Test
    void aLineOfAnObjectIsToldFromOthers() {
        assertThat(LuaBuild.tellsOfAnObject("[3/20] obj/1-lvm.o 1234")).isTrue();
        assertThat(LuaBuild.tellsOfAnObject("compiling 20 objects, 1 at a time: gcc"))
                .isFalse();
    }

    @Test
    void theKeyOfTheReferenceChangesWithWhatTheArtefactDependsOn() {
        LuaBuild build = new LuaBuild(Path.of("a"), 1, 1, 20);
        assertThat(build.key("sha256:1")).isNotEqualTo(build.key("sha256:2"));
        assertThat(build.key("sha256:1")).isNotEqualTo(new LuaBuild(Path.of("a"), 1, 2, 20).key("sha256:1"));
        assertThat(build.key("sha256:1")).isEqualTo(new LuaBuild(Path.of("b"), 2, 1, 20).key("sha256:1"));
        assertThatThrownBy(() -> new LuaBuild(Path.of("a"), 1, 1, 32)).hasMessageContaining("32");
    }

    @Test
    void twoBuildsGiveTheSameBytesAndTheLogIsWhatWasPrinted() throws Exception {
        Path tarball = tarball("int lone(int x) { return x + 1; }", "int ltwo(int x) { return x * 2; }");
        Command.Result first = build(tarball, "first", 1);
        Command.Result second = build(tarball, "second", 2);
        assertThat(first.status()).as(first.output()).isZero();
        assertThat(second.status()).as(second.output()).isZero();
        assertThat(folder.resolve("first/lua.a")).hasSameBinaryContentAs(folder.resolve("second/lua.a"));
        assertThat(folder.resolve("first/build.log")).hasContent(first.output());
        assertThat(Files.readAllLines(folder.resolve("first/objects.log"))).hasSize(4);
        assertThat(Arrays.stream(first.output().split("\n")).filter(LuaBuild::tellsOfAnObject))
                .hasSize(4);
    }

    @Test
    void aSourceThatDoesNotCompileFailsTheBuild() throws Exception {
        Path tarball = tarball("int lone(int x) { return x + 1; }", "int ltwo( {");
        assertThat(build(tarball, "broken", 1).status()).isNotZero();
    }

    private Command.Result build(Path tarball, String name, int jobs) throws Exception {
        Path script = folder.resolve("build-lua.sh");
        try (InputStream content = LuaBuild.class.getResourceAsStream("build-lua.sh")) {
            Files.write(script, content.readAllBytes());
        }
        return Command.of(
                        "sh",
                        script.toString(),
                        tarball.toString(),
                        folder.resolve(name).toString(),
                        "" + jobs,
                        "2",
                        "5")
                .tryRun();
    }

    private Path tarball(String... sources) throws Exception {
        Path source = Files.createDirectories(folder.resolve("lua-0/src"));
        for (String name : List.of("lone", "ltwo")) {
            Files.writeString(source.resolve(name + ".c"), sources[name.equals("lone") ? 0 : 1] + "\n");
        }
        Command.of("tar", "-czf", folder.resolve("lua.tgz").toString(), "-C", folder.toString(), "lua-0")
                .run();
        return folder.resolve("lua.tgz");
    }
}
