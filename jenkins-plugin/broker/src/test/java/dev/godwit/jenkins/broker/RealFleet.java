package dev.godwit.jenkins.broker;

import dev.godwit.api.BuildImage;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Image;
import dev.godwit.api.ImageState;
import dev.godwit.client.ClientTls;
import dev.godwit.client.Endpoint;
import dev.godwit.client.ExecStream;
import dev.godwit.client.GodwitClient;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.Lab;
import dev.godwit.lab.LabHost;
import dev.godwit.lab.Patience;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Two real hosts of the lab with the image debian-jenkins, whose guests reach this process. Needs root. For one thread. */
public final class RealFleet implements AutoCloseable {
    private static final Duration IMAGE_LIMIT = Duration.ofMinutes(20);

    /** The name of the image. */
    public static final String IMAGE = "debian-jenkins";

    /** Its hosts and its network. */
    public final Lab lab;

    /** Where VMs begin. */
    public final LabHost a;

    /** Where they go. */
    public final LabHost b;

    /** Of both hosts. */
    public final GodwitClient client;

    /** Builds the image, which takes minutes the first time. */
    public RealFleet() throws IOException {
        Path cache = Path.of(Optional.ofNullable(System.getenv("GODWIT_CACHE")).orElse("/var/cache/godwit"));
        lab = Lab.open(DistFiles.ofProperty(), Path.of("/var/tmp"), cache);
        try {
            a = lab.startHost("host-a", 1, true);
            b = lab.startHost("host-b", 2, false);
            client = lab.fleet().client(a, b);
            try (GodwitClient onA = lab.fleet().client(a)) {
                onA.buildImage(new BuildImage(IMAGE, IMAGE));
                Image built = Patience.waitFor("the guest image", IMAGE_LIMIT, () -> ready(onA));
                String digest =
                        Optional.ofNullable(built.digest()).orElseThrow(() -> new IOException("" + built.detail()));
                onA.pushImage(digest, "host-b");
            }
        } catch (IOException | RuntimeException failed) {
            lab.close();
            throw failed;
        }
    }

    private static Optional<Image> ready(GodwitClient client) {
        try {
            return Optional.of(client.image(IMAGE)).filter(image -> image.state() != ImageState.BUILDING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Settings of a cloud here, reached as an operator over TLS. */
    public BrokerSettings settings(String owner, Duration leaseTtl, AgentTemplate... templates) throws IOException {
        return new BrokerSettings(
                "godwit",
                owner,
                List.of(
                        Endpoint.parse(a.endpoint().toString()),
                        Endpoint.parse(b.endpoint().toString())),
                ClientTls.in(lab.fleet().operatorDirectory()),
                10,
                List.of(templates),
                leaseTtl);
    }

    /** What a shell script in a guest writes, whatever its status. */
    public String shell(String vm, String script) throws IOException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (ExecStream stream = client.output(vm, client.startExec(vm, ExecRequest.of("sh", "-c", script)))) {
            stream.copyTo(output, output);
        }
        return output.toString(StandardCharsets.UTF_8).strip();
    }

    @Override
    public void close() {
        client.close();
        lab.close();
    }
}
