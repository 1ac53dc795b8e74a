package dev.godwit.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndpointTest {
    @Test
    void aListHoldsSocketsAndAddresses() {
        List<Endpoint> endpoints = Endpoint.parseList("unix:/run/godwit/hostd.sock, http://10.0.0.1:7700,");
        assertThat(endpoints).hasSize(2);
        assertThat(endpoints.get(0).socket()).isEqualTo(Path.of("/run/godwit/hostd.sock"));
        assertThat(endpoints.get(1)).hasToString("http://10.0.0.1:7700");
    }

    @Test
    void whatIsNoEndpointIsRefused() {
        for (String bad : List.of("unix:", "ftp://x", "host:7700", "http:///x", "http://a b")) {
            assertThatIllegalArgumentException()
                    .as(bad)
                    .isThrownBy(() -> Endpoint.parse(bad))
                    .withMessageContaining("endpoint");
        }
    }

    @Test
    void aClientNeedsAnEndpoint() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GodwitClient(List.of()))
                .withMessageContaining("at least one endpoint");
    }
}
