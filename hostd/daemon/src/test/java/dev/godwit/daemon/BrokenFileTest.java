package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.client.Endpoint;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file of a guest comes whole or with an error, from its host and through another one. */
class BrokenFileTest {
    private static final int BYTES = 3_000_000;

    @TempDir
    Path directory;

    private final FakeFleet fleet = new FakeFleet();
    private final byte[] content = new byte[BYTES];
    private TestHost owner;
    private TestHost other;

    @BeforeEach
    void open() throws Exception {
        new Random(7).nextBytes(content);
        owner = TestHost.open("host-a", fleet, directory);
        other = TestHost.open("host-b", fleet, directory);
        owner.createVm("build");
    }

    @AfterEach
    void close() throws Exception {
        owner.close();
        other.close();
    }

    private void write(String path) throws IOException {
        try (GodwitClient client = owner.client()) {
            client.putFile("build", path, 0644, content);
        }
    }

    /** What came of a file before its reading failed. */
    private byte[] untilItFails(Endpoint endpoint, String path) throws IOException {
        ByteArrayOutputStream came = new ByteArrayOutputStream();
        try (GodwitClient client = new GodwitClient(List.of(endpoint), Timeouts.usual());
                InputStream file = client.getFile("build", path)) {
            assertThatThrownBy(() -> file.transferTo(came)).isInstanceOf(IOException.class);
        }
        return came.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/srv/sized", "/srv/endless"})
    void aFileThatBreaksOffAtItsGuestFailsAtTheReader(String path) throws Exception {
        write(path);
        fleet.brokenFiles.add(path);
        for (Endpoint endpoint : List.of(owner.tcp(), owner.unix(), other.tcp(), other.unix())) {
            byte[] came = untilItFails(endpoint, path);
            assertThat(came.length).isBetween(1, BYTES / 2);
            assertThat(Arrays.equals(came, Arrays.copyOf(content, came.length)))
                    .as("the beginning of the file")
                    .isTrue();
        }
    }

    @Test
    void aFileThatBreaksOffBeforeItsFirstByteIsAnsweredWithTheReason() throws Exception {
        try (GodwitClient client = owner.client()) {
            client.putFile("build", "/srv/one", 0644, new byte[1]);
            fleet.brokenFiles.add("/srv/one");
            assertThatThrownBy(() -> client.getFile("build", "/srv/one")).hasMessageContaining("the channel is closed");
        }
    }

    @Test
    void anOwnerThatDiesInTheMiddleFailsTheReaderAtAnotherHost() throws Exception {
        write("/srv/whole");
        try (Relay relay = new Relay(owner.base)) {
            fleet.hosts.put("host-a", relay.base());
            try (GodwitClient client = other.client();
                    InputStream file = client.getFile("build", "/srv/whole")) {
                assertThat(file.readNBytes(1000)).isEqualTo(Arrays.copyOf(content, 1000));
                relay.kill();
                assertThatThrownBy(() -> file.transferTo(ByteArrayOutputStream.nullOutputStream()))
                        .isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void aWholeFileIsToldItsLength() throws Exception {
        write("/srv/whole");
        for (URI host : List.of(owner.base, other.base)) {
            HttpResponse<byte[]> answer = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(host.resolve("/v1/vms/build/files?path="
                                            + URLEncoder.encode("/srv/whole", StandardCharsets.UTF_8)))
                                    .build(),
                            HttpResponse.BodyHandlers.ofByteArray());
            assertThat(answer.headers().firstValueAsLong("content-length")).hasValue(BYTES);
            assertThat(answer.body()).isEqualTo(content);
        }
    }

    @Test
    void aFileThatGrowsIsCutOffAndOneThatShrinksFails() throws Exception {
        try (InputStream grown = GuestFileCopy.begin("/log", 4, into -> into.write(new byte[] {1, 2, 3, 4, 5, 6}))) {
            assertThat(grown.readAllBytes()).containsExactly(1, 2, 3, 4);
        }
        try (InputStream shrunk = GuestFileCopy.begin("/log", 4, into -> into.write(new byte[] {1, 2}))) {
            assertThatThrownBy(shrunk::readAllBytes).hasMessageContaining("made shorter");
        }
    }
}
