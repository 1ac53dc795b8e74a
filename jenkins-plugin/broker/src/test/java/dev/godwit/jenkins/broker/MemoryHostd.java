package dev.godwit.jenkins.broker;

import dev.godwit.client.Endpoint;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** hostd as a process of its own whose VMs exist in its memory only: what a broker costs is seen apart from it. For one thread. */
public final class MemoryHostd implements AutoCloseable {
    private static final Duration READY_MAX = Duration.ofSeconds(90);
    private static final Duration END_MAX = Duration.ofSeconds(30);

    private final Process process;
    private final Endpoint endpoint;

    private MemoryHostd(Process process, Endpoint endpoint) {
        this.process = process;
        this.endpoint = endpoint;
    }

    /** Starts it and returns when it answers; its log is {@code hostd.log} in the folder. */
    public static MemoryHostd start(Path folder) throws IOException {
        Path socket = folder.resolve("hostd.sock");
        Path config = folder.resolve("hostd.yaml");
        Files.writeString(config, """
                host-id: memory
                state-directory: %s
                socket: %s
                """.formatted(folder.resolve("state"), socket));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        classPath(),
                        "dev.godwit.daemon.Hostd",
                        "--config",
                        config.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("hostd.log").toFile())
                .start();
        MemoryHostd hostd = new MemoryHostd(process, Endpoint.parse("unix:" + socket));
        try (GodwitClient client =
                new GodwitClient(List.of(hostd.endpoint), Timeouts.usual().withRetry(READY_MAX))) {
            client.host();
            return hostd;
        } catch (IOException failed) {
            hostd.close();
            throw new IOException("hostd did not come up: " + Files.readString(folder.resolve("hostd.log")), failed);
        }
    }

    /** The daemon's test gear first: the first factory of VMs on the class path is taken. */
    private static String classPath() {
        List<String> first = new ArrayList<>();
        List<String> rest = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            boolean gear = entry.contains("godwit-daemon") && entry.contains("tests")
                    || entry.endsWith("daemon" + File.separator + "target" + File.separator + "test-classes")
                    || Files.exists(Path.of(entry, "dev/godwit/daemon/FakeControlFactory.class"));
            (gear ? first : rest).add(entry);
        }
        first.addAll(rest);
        return String.join(File.pathSeparator, first);
    }

    /** Where it answers. */
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_MAX.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stop) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
