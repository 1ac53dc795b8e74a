package dev.godwit.pki;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.godwit.tls.Authorities;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import dev.godwit.tls.TlsUnusable;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code godwit host join TOKEN}: gets a certificate from a member and writes it and hostd's configuration. */
final class HostJoin {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(20);
    private static final int REST_PORT = 7700;
    private static final int PEER_PORT = 7701;

    private HostJoin() {}

    static void run(Words words, PrintStream out) throws IOException {
        Invitation invitation = Invitation.parse(words.word("TOKEN"));
        Path config = Path.of(words.option("--config").orElse("/etc/godwit/hostd.yaml"));
        Path tls = Path.of(words.option("--tls-dir").orElse("/etc/godwit/tls")).toAbsolutePath();
        String state = words.option("--state-directory").orElse("/var/lib/godwit");
        if (Files.exists(config)) {
            throw new TlsUnusable(config + " exists: this machine has joined already, or hostd was set up by hand; "
                    + "move it away first (the token stays good)");
        }
        invitation.credentials().requireValid(Instant.now());
        String address = words.option("--address").orElse("");
        if (address.isEmpty()) {
            address = ownAddress(invitation.endpoints());
        }
        KeyPair pair = KeyPairs.generate();
        JsonNode answer = ask(invitation, CertificateRequest.of(pair), address);
        Credentials credentials = Credentials.of(
                pair.getPrivate(),
                Pem.certificates(text(answer, "certificate")),
                Authorities.of(Pem.certificates(text(answer, "authority"))));
        if (credentials.identity().role() != Role.HOST
                || !credentials.identity().name().equals(invitation.identity().name())) {
            throw new TlsUnusable("the member answered with a certificate of " + credentials.identity());
        }
        String shared = shared(
                answer.path("configuration"), words.option("--underlay-address").orElse(address));
        FleetAuthority.write(credentials, tls);
        Path parent = config.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        TlsFiles.write(config, yaml(credentials, address, state, tls, answer) + shared);
        out.println("host " + credentials.identity().name() + " is of fleet "
                + credentials.identity().fleet() + "; its certificate is valid until " + credentials.until()
                + " and hostd renews it");
        out.println("  " + config + " and " + tls + "/{certificate,key,authority}.pem are written; start hostd now");
    }

    /** The address that this machine has on its way to a member. */
    private static String ownAddress(List<URI> endpoints) throws IOException {
        List<String> failures = new ArrayList<>();
        for (URI endpoint : endpoints) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(endpoint.getHost(), endpoint.getPort()), (int)
                        CONNECT_TIMEOUT.toMillis());
                InetAddress own = socket.getLocalAddress();
                return own.getHostAddress();
            } catch (IOException e) {
                failures.add(endpoint + ": " + e.getMessage());
            }
        }
        throw new TlsUnusable("no member can be reached (" + String.join("; ", failures) + ")");
    }

    private static JsonNode ask(Invitation invitation, String request, String address) throws IOException {
        ObjectNode body = JSON.createObjectNode().put("request", request);
        ArrayNode addresses = body.putArray("addresses");
        addresses.add(address);
        FleetTrust trust =
                new FleetTrust(invitation::credentials, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        List<String> failures = new ArrayList<>();
        try (HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .sslContext(FleetTls.context(invitation::credentials, trust))
                .build()) {
            for (URI endpoint : invitation.endpoints()) {
                HttpResponse<byte[]> answer;
                try {
                    answer = http.send(
                            HttpRequest.newBuilder(endpoint.resolve("/v1/pki/certificates"))
                                    .timeout(ANSWER_TIMEOUT)
                                    .header("Content-Type", "application/json")
                                    .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
                                    .build(),
                            HttpResponse.BodyHandlers.ofByteArray());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while a member was asked", e);
                } catch (IOException e) {
                    failures.add(endpoint + ": " + e);
                    continue;
                }
                JsonNode json = JSON.readTree(answer.body());
                if (answer.statusCode() == 201) {
                    return json;
                }
                failures.add(endpoint + ": " + json.path("detail").asText("it answered " + answer.statusCode()));
            }
        }
        throw new TlsUnusable("no member gave a certificate (" + String.join("; ", failures)
                + "). A token is good once and for a few minutes: 'godwit host invite "
                + invitation.identity().name() + "' makes another");
    }

    private static String text(JsonNode answer, String field) throws TlsUnusable {
        String text = answer.path(field).asText();
        if (text.isEmpty()) {
            throw new TlsUnusable("the member's answer has no " + field);
        }
        return text;
    }

    /** The keys that are equal on all hosts; a routed network has this host's own address in it too. */
    static String shared(JsonNode configuration, String underlayAddress) throws IOException {
        StringBuilder yaml = new StringBuilder();
        for (Map.Entry<String, JsonNode> section : configuration.properties()) {
            ObjectNode keys = section.getValue().deepCopy();
            if (section.getKey().equals("vm-network") && !keys.has("bridge")) {
                keys.put("underlay-address", underlayAddress);
            }
            yaml.append(section.getKey()).append(":\n");
            for (Map.Entry<String, JsonNode> key : keys.properties()) {
                // A JSON value is a YAML value.
                yaml.append("  ")
                        .append(key.getKey())
                        .append(": ")
                        .append(key.getValue())
                        .append('\n');
            }
        }
        return yaml.toString();
    }

    private static String yaml(Credentials credentials, String address, String state, Path tls, JsonNode answer)
            throws TlsUnusable {
        String host = address.indexOf(':') >= 0 ? "[" + address + "]" : address;
        List<String> stores = new ArrayList<>();
        answer.path("fleetStore").forEach(url -> stores.add('"' + url.asText() + '"'));
        if (stores.isEmpty()) {
            throw new TlsUnusable("the member named no fleet store");
        }
        return """
                # Written by 'godwit host join'; cloud and vm-network are those of the member that answered.
                host-id: %s
                state-directory: %s
                rest-address: "%s:%d"
                peer-address: "%s:%d"
                tls:
                  certificate: %s
                  key: %s
                  authority: %s
                fleet-store:
                  etcd: [%s]
                """.formatted(
                        credentials.identity().name(),
                        state,
                        host,
                        REST_PORT,
                        host,
                        PEER_PORT,
                        tls.resolve("certificate.pem"),
                        tls.resolve("key.pem"),
                        tls.resolve("authority.pem"),
                        String.join(", ", stores));
    }
}
