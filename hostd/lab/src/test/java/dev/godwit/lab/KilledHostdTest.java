package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.ExecRequest;
import dev.godwit.client.ExecStream;
import dev.godwit.client.GodwitClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A host daemon that does not get to live under a guest that works. Needs root. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class KilledHostdTest extends TwoHostsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    @Test
    void hostdIsKilledTwentyTimesUnderABuildAndTheBuildEndsWithEqualBytes() throws Exception {
        Guest guest = hosts.vm();
        String program = Stream.iterate(0, i -> i < 60, i -> i + 1)
                .map(i -> "int f" + i + "(int x) { int s = 0; for (int i = 0; i < x; i++) s += i * " + i
                        + "; return s; }\n")
                .reduce("", String::concat);
        guest.put("/root/f.c", 0644, program.getBytes(StandardCharsets.UTF_8));
        String script = "set -e; cd /root; mkdir $1; i=0; while [ $i -lt 20 ]; do gcc -O2 -c -o $1/$i.o f.c; sync;"
                + " i=$((i+1)); echo object $i; done; cat $1/*.o | sha256sum";
        guest.put("/root/build.sh", 0755, script.getBytes(StandardCharsets.UTF_8));
        String expected = lastLine(guest.run("sh", "/root/build.sh", "undisturbed"));

        ByteArrayOutputStream output = new ByteArrayOutputStream();
        String exec = guest.start(new ExecRequest(List.of("sh", "/root/build.sh", "disturbed"), Map.of(), null, false));
        // Killed as soon as it answers, hostd is never there for long: on a slow machine for minutes.
        try (GodwitClient patient = hosts.lab.fleet().patientClient(PATIENCE, hosts.a);
                ExecStream build = patient.output(guest.vm(), exec)) {
            CompletableFuture<Integer> status = CompletableFuture.supplyAsync(() -> {
                try {
                    return build.copyTo(output, output).shellStatus();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            for (int kill = 0; kill < 20; kill++) {
                hosts.a.killHostd();
                hosts.a.launchHostd(TwoHosts.DIST);
            }
            assertThat(status.get(4, TimeUnit.MINUTES)).isZero();
        }
        String log = output.toString(StandardCharsets.UTF_8);
        assertThat(log.lines().filter(line -> line.startsWith("object "))).hasSize(20);
        assertThat(lastLine(log)).isEqualTo(expected);
    }

    private static String lastLine(String text) {
        return text.strip().lines().reduce((first, second) -> second).orElse("");
    }
}
