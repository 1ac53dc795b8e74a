package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import org.junit.jupiter.api.Test;

class HostClientsTest {
    private static OtherHost at(String id, String address) {
        return new OtherHost(id, URI.create(address));
    }

    @Test
    void aHostIsExpectedAtItsAddressHoweverItIsWritten() {
        try (HostClients hosts = new HostClients(null)) {
            hosts.client(at("host-a", "https://[fd00::1]:7700"));
            hosts.client(at("host-b", "https://10.0.0.2"));
            hosts.client(at("host-c", "https://c.example:7700"));
            assertThat(hosts.expectedAt("fd00:0:0:0:0:0:0:1", 7700)).isEqualTo("host-a");
            assertThat(hosts.expectedAt("10.0.0.2", 443)).isEqualTo("host-b");
            assertThat(hosts.expectedAt("c.example", 7700)).isEqualTo("host-c");
            assertThat(hosts.expectedAt("c.example", 443)).isEmpty();
        }
    }

    /** Its connections and sessions were made with another one. */
    @Test
    void anAddressThatHasAnotherHostIsSpokenToAnew() {
        try (HostClients hosts = new HostClients(null)) {
            HttpClient first = hosts.client(at("host-a", "https://10.0.0.2:7700"));
            assertThat(hosts.client(at("host-b", "https://10.0.0.3:7700"))).isSameAs(first);
            HttpClient second = hosts.client(at("host-c", "https://10.0.0.2:7700"));
            assertThat(second).isNotSameAs(first);
            assertThat(hosts.client(at("host-b", "https://10.0.0.3:7700"))).isSameAs(second);
            assertThat(hosts.expectedAt("10.0.0.2", 7700)).isEqualTo("host-c");
        }
    }
}
