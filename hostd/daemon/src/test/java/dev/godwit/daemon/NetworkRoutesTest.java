package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.CreateVm;
import dev.godwit.api.HostTraffic;
import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.TrafficRule;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.RequestFailed;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks and traffic as a client meets them, at either of two hosts. */
class NetworkRoutesTest {
    private static final NetworkSettings CLOSED = new NetworkSettings(
            List.of(new TrafficRule("10.1.2.0/24", "tcp", List.of("443", "8000-8100"))),
            List.of(new TrafficRule("10.0.0.0/8", null, null)),
            List.of(),
            null,
            null);

    @TempDir
    Path directory;

    private final FakeFleet fleet = new FakeFleet();
    private TestHost a;
    private TestHost b;

    @BeforeEach
    void open() throws Exception {
        a = TestHost.open("host-a", fleet, directory);
        b = TestHost.open("host-b", fleet, directory);
    }

    @AfterEach
    void close() throws Exception {
        a.close();
        b.close();
    }

    @Test
    void aNetworkThatOneHostMadeIsTheSameAtAnother() throws Exception {
        try (GodwitClient atA = a.client();
                GodwitClient atB = b.client()) {
            Network made = atA.putNetwork("web", CLOSED, 0L);
            assertThat(made.settings()).isEqualTo(CLOSED);
            assertThat(atB.network("web")).isEqualTo(made);
            assertThat(atB.networks()).extracting(Network::project).containsExactly("default", "web");
            Network changed = atB.putNetwork("web", NetworkSettings.STANDARD, made.revision());
            assertThatThrownBy(() -> atA.putNetwork("web", CLOSED, made.revision()))
                    .isInstanceOfSatisfying(
                            RequestFailed.class,
                            failed -> assertThat(failed.code()).isEqualTo(ProblemCode.CHANGED))
                    .hasMessageContaining("revision " + changed.revision());
            atA.deleteNetwork("web");
            assertThatThrownBy(() -> atB.network("web")).hasMessageContaining("net list");
        }
    }

    @Test
    void preconditionsAreHttps() throws Exception {
        HttpResponse<String> made = put("If-None-Match", "*");
        assertThat(made.statusCode()).isEqualTo(201);
        String tag = made.headers().firstValue("etag").orElseThrow();
        assertThat(put("If-None-Match", "*").statusCode()).isEqualTo(412);
        assertThat(put("If-Match", tag).statusCode()).isEqualTo(200);
        assertThat(put("If-Match", tag).statusCode()).isEqualTo(412);
        assertThat(put("If-Match", "*").statusCode()).isEqualTo(200);
        for (String bad : List.of("17", "\"x\"", "W/\"1\"", "\"1\", \"2\"", "")) {
            assertThat(put("If-Match", bad).statusCode()).as(bad).isEqualTo(400);
        }
        assertThat(put("If-None-Match", "\"1\"").statusCode()).isEqualTo(400);
    }

    private HttpResponse<String> put(String header, String value) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(a.base.resolve("/v1/networks/web"))
                            .timeout(TestHost.TIMEOUT)
                            .header(header, value)
                            .PUT(HttpRequest.BodyPublishers.ofString("{}"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    @Test
    void aVmIsInItsProjectAndIsFoundByIt() throws Exception {
        try (GodwitClient client = a.client()) {
            client.putNetwork("web", NetworkSettings.STANDARD, null);
            client.createVm(new CreateVm("in", "debian-ci", 1, 512, 1024, null, null, Map.of(), null, "web"));
            client.createVm(new CreateVm("out", "debian-ci", 1, 512, 1024));
            assertThat(client.vm("in").project()).isEqualTo("web");
            assertThat(client.vm("out").project()).isEqualTo("default");
            assertThat(client.vms(null, "web", Map.of())).hasSize(1);
        }
    }

    @Test
    void everyHostsCountsAreThere() throws Exception {
        try (GodwitClient client = a.client()) {
            assertThat(client.traffic()).extracting(HostTraffic::host).containsExactlyInAnyOrder("host-a", "host-b");
        }
    }

    @Test
    void aCaptureComesThroughAnyHostAndEndsAtItsBound() throws Exception {
        a.createVm("web");
        try (GodwitClient client = b.client();
                InputStream packets = client.capture("web", Duration.ofSeconds(30), FakeTraffic.FRAMES)) {
            assertThat(packets.readAllBytes())
                    .hasSize(FakeTraffic.PCAP_HEAD_BYTES + FakeTraffic.FRAMES * (16 + FakeTraffic.FRAME_BYTES))
                    .startsWith(0x4d, 0x3c, 0xb2, 0xa1);
        }
    }

    @Test
    void aHostWithoutADataPlaneSaysWhyItSeesNothing() {
        NoTraffic none = new NoTraffic("host-a");
        assertThat(none.counts()).isEmpty();
        assertThatThrownBy(() -> none.flows("vm-1"))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("underlay-address");
    }
}
