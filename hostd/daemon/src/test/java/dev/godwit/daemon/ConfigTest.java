package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.HostRole;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigTest {
    @TempDir
    Path directory;

    private static HostdConfig read(String yaml) throws Exception {
        return ConfigFile.parse(yaml.getBytes(StandardCharsets.UTF_8), "hostd.yaml");
    }

    @Test
    void onlyTheHostIdMustBeThere() throws Exception {
        HostdConfig config = read("host-id: host-a\n");
        assertThat(config)
                .isEqualTo(new HostdConfig(
                        "host-a",
                        HostRole.HOST,
                        Path.of("/var/lib/godwit"),
                        Path.of("/run/godwit/hostd.sock"),
                        null,
                        null,
                        null,
                        false,
                        false,
                        new FleetStoreConfig(Path.of("/var/lib/godwit/fleet.db"), null),
                        new CloudConfig(CloudConfig.Driver.NONE, null),
                        false,
                        Duration.ofSeconds(10),
                        null,
                        null,
                        "x86-64-v2-godwit1",
                        Duration.ofMillis(500),
                        Duration.ofSeconds(30),
                        256,
                        null));
    }

    @Test
    void everyKeyIsRead() throws Exception {
        HostdConfig config = read("""
                host-id: host-a
                role: edge
                state-directory: /srv/godwit
                socket: /run/x.sock
                rest-address: 10.0.0.1:7700
                peer-address: "[fd00::1]:7701"
                tls: {certificate: /a/c.pem, key: /a/k.pem, authority: /a/a.pem, issuer: /a/pki}
                fleet-store: {etcd: ["https://10.0.0.9:2379"]}
                cloud: {driver: aws, metadata-endpoint: "http://10.0.0.9:8080"}
                allow-emulation: true
                hand-over-timeout: 20s
                vm-network: {subnet: 10.77.0.0/24, underlay-address: 10.1.0.2, underlay: plain}
                edge:
                  public-device: eth1
                  public-addresses: [192.0.2.1, "2001:db8::1"]
                  resolvers: [192.0.2.53]
                  lease: 5s
                  claim-command: [/usr/local/bin/claim, --region, eu]
                cpu-template: other
                pause-budget: 250ms
                reservation-timeout: 1m
                vms-max: 12
                vm-memory-mib: 8192
                """);
        assertThat(config)
                .isEqualTo(new HostdConfig(
                        "host-a",
                        HostRole.EDGE,
                        Path.of("/srv/godwit"),
                        Path.of("/run/x.sock"),
                        new ListenAddress("10.0.0.1", 7700),
                        new ListenAddress("fd00::1", 7701),
                        new TlsConfig(Path.of("/a/c.pem"), Path.of("/a/k.pem"), Path.of("/a/a.pem"), Path.of("/a/pki")),
                        false,
                        false,
                        new FleetStoreConfig(null, List.of(URI.create("https://10.0.0.9:2379"))),
                        new CloudConfig(CloudConfig.Driver.AWS, URI.create("http://10.0.0.9:8080")),
                        true,
                        Duration.ofSeconds(20),
                        new VmNetworkConfig(
                                null, "10.77.0.0/24", null, null, UnderlayKind.PLAIN, "10.1.0.2", List.of()),
                        new EdgeConfig(
                                "eth1",
                                List.of("192.0.2.1", "2001:db8::1"),
                                true,
                                List.of("192.0.2.53"),
                                Duration.ofSeconds(5),
                                List.of("/usr/local/bin/claim", "--region", "eu")),
                        "other",
                        Duration.ofMillis(250),
                        Duration.ofMinutes(1),
                        12,
                        8192));
        assertThat(config.peerAddress()).hasToString("[fd00::1]:7701");
    }

    @Test
    void aRoutedNetworkIsUnderWireguardUnlessToldOtherwise() throws Exception {
        VmNetworkConfig network = Objects.requireNonNull(read("""
                host-id: a
                vm-network: {subnet: 10.77.0.0/16, subnet6: "fd77::/64", underlay-address: 10.1.0.2, closed: [10.9.0.0/16]}
                """).vmNetwork());
        assertThat(network.isRouted()).isTrue();
        assertThat(network.underlay()).isEqualTo(UnderlayKind.WIREGUARD);
        assertThat(read("host-id: a\nvm-network: {subnet: 10.77.0.0/16, underlay: plain, underlay-address: 10.1.0.2}\n")
                        .vmNetwork())
                .isEqualTo(new VmNetworkConfig(
                        null, "10.77.0.0/16", null, null, UnderlayKind.PLAIN, "10.1.0.2", List.of()));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    role: host                                         | host-id is missing
                    host-id: Host                                      | host-id "Host" is not a name
                    host_id: a                                         | did you mean "host-id"?
                    host-id: a\\nsokcet: /x                            | Unknown field "sokcet" in line 2, column 1; did you mean "socket"?
                    host-id: a\\nfleet-store: {sqlitte: /x}            | did you mean "sqlite"?
                    host-id: a\\nfleet-store: {}                       | either sqlite: PATH
                    host-id: a\\nfleet-store: {etcd: []}               | names no URL
                    host-id: a\\nfleet-store: {etcd: [host]}           | is not http(s)://HOST:PORT
                    host-id: a\\nrole: boss                            | Field "role" in line 2, column 7 is "boss"; known are edge, host
                    host-id: a\\nsocket: run/x                         | not an absolute path
                    host-id: a\\nrest-address: 10.0.0.1:7700           | would be served without TLS; write tls:
                    host-id: a\\npeer-address: 10.0.0.1:7700           | would be served without TLS; write tls:
                    host-id: a\\nplaintext: true                      | only in a network of
                    host-id: a\\nlab: true\\nplaintext: true\\ntls: {certificate: /a, key: /b, authority: /c} | remove one of them
                    host-id: a\\ntls: {certificate: /a, key: /b}       | tls authority is missing
                    host-id: a\\ntls: {certificate: a, key: /b, authority: /c} | not an absolute path
                    host-id: a\\nfleet-store: {etcd: ["http://h:2379"]} | owns every VM
                    host-id: a\\nfleet-store: {etcd: ["https://h:2379"]} | needs tls:
                    host-id: a\\nlab: true\\nfleet-store: {etcd: ["https://h:2379", "http://i:2379"]} | partly http
                    host-id: a\\nrest-address: 10.0.0.1                | is not HOST:PORT
                    host-id: a\\nrest-address: 10.0.0.1:99999          | PORT 0 to 65535
                    host-id: a\\nhand-over-timeout: ten                | is not a duration
                    host-id: a\\nhand-over-timeout: 0s                 | is not between 1ms and 5m
                    host-id: a\\npause-budget: 2h                      | is not between 1ms and 1m
                    host-id: a\\nvm-memory-mib: 1                    | is not between 256
                    host-id: a\\nallow-emulation: maybe                | allow-emulation
                    host-id: a\\nhost-id: b                            | Duplicate
                    host-id: [                                         | is not YAML
                    just text                                          | is not an object
                    host-id: a\\ncloud: {driver: asw}                  | did you mean "aws"?
                    host-id: a\\nvm-network: {bridge: b, subnet: 10.0.0.0/24, gateway: 10.0.1.1} | is not in subnet
                    host-id: a\\nvm-network: {bridge: b, subnet: 10.0.0.1/24, gateway: 10.0.0.1} | bits set after its prefix
                    host-id: a\\nvm-network: {subnet: 10.0.0.0/24}       | needs a bridge
                    host-id: a\\nvm-network: {bridge: b, subnet: 10.0.0.0/24, gateway: 10.0.0.1, underlay: plain} | take out the one or the other
                    host-id: a\\nvm-network: {subnet: 10.0.0.0/24, underlay-address: edge.example}  | is not an address
                    host-id: a\\nvm-network: {subnet: 10.0.0.0/24, underlay-address: "fd00::1"}     | is not an IPv4 address
                    host-id: a\\nvm-network: {subnet: 10.0.0.0/24, underlay-address: 1.2.3.4, underlay: pain} | did you mean "plain"?
                    host-id: a\\nvm-network: {subnet: 10.0.0.0/24, underlay-address: 1.2.3.4, gateway: 10.0.0.1} | belongs to a bridge
                    host-id: a\\nvm-network: {subnet: 10.0.0.0/24, underlay-address: 1.2.3.4, closed: [10.9.0.1/8]} | bits set after its prefix
                    host-id: a\\nvm-network: {subnet: 10.0.0.0/24, underlay-address: 1.2.3.4, subnet6: "fd00::/16"} | 32 to 104 bits
                    host-id: a\\nvm-network: {bridge: b, subnet: 10.0.0.0, gateway: 10.0.0.1}    | is not such as
                    host-id: a\\nvm-network: {bridge: b}               | subnet
                    """)
    void aBadConfigurationIsRefusedWithASentence(String yaml, String says) {
        assertThatThrownBy(() -> read(yaml.replace("\\n", "\n")))
                .isInstanceOf(ConfigFile.Unusable.class)
                .hasMessageContaining(says)
                .hasMessageStartingWith("hostd.yaml")
                .message()
                .doesNotContain("dev.godwit");
    }

    @Test
    void anEmptyFileIsRefused() {
        assertThatThrownBy(() -> read("")).hasMessageContaining("it needs at least host-id");
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> ConfigFile.read(directory.resolve("none.yaml")))
                .hasMessageContaining("none.yaml");
    }

    @Test
    void checkEndsWithZeroOrTwo() throws Exception {
        Path good = Files.writeString(directory.resolve("good.yaml"), "host-id: a\n");
        Path bad = Files.writeString(directory.resolve("bad.yaml"), "host-id: a\nnope: 1\n");
        HostdProcess checked = HostdProcess.run("--check", "--config", good.toString());
        assertThat(checked.exit()).isZero();
        HostdProcess refused = HostdProcess.run("--check", "--config", bad.toString());
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.err()).contains("bad.yaml").contains("\"nope\"");
        assertThat(HostdProcess.run("--chekc").err()).contains("did you mean \"--check\"?");
        assertThat(HostdProcess.run("--config").exit()).isEqualTo(2);
        assertThat(HostdProcess.run("--version").exit()).isZero();
    }

    @Test
    void anEdgeHasItsSectionAndARoutedNetwork() {
        assertThatThrownBy(() -> read("host-id: a\nrole: edge\n")).hasMessageContaining("needs the section edge");
        assertThatThrownBy(() -> read("host-id: a\nedge: {public-device: eth1, public-addresses: [192.0.2.1]}\n"))
                .hasMessageContaining("needs role: edge");
        assertThatThrownBy(() -> read("""
                        host-id: a
                        role: edge
                        edge: {public-device: eth1, public-addresses: [192.0.2.1]}
                        vm-network: {bridge: br-vm, subnet: 10.77.0.0/24, gateway: 10.77.0.1}
                        """)).hasMessageContaining("needs a routed vm-network");
        for (String[] bad : new String[][] {
            {"public-addresses: [web.example]", "is not an IP address"},
            {"public-addresses: []", "at least one"},
            {"public-addresses: [192.0.2.1], lease: 1ms", "is not between"},
            {"public-addresses: [192.0.2.1], resolvers: [dns]", "is not an IP address"},
        }) {
            assertThatThrownBy(() -> read("host-id: a\nrole: edge\nedge: {public-device: eth1, " + bad[0] + "}\n"))
                    .as(bad[0])
                    .hasMessageContaining(bad[1]);
        }
    }
}
