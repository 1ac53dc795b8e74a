package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.godwit.api.ProblemCode;
import dev.godwit.client.ClientTls;
import dev.godwit.client.Endpoint;
import dev.godwit.daemon.MemoryFleet;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a fleet refuses ends up as a sentence where people look. */
class RefusalsTest {
    private static final String NO_ROOM = "VM x needs 256 MiB of memory and host-a has 0; try again later.";

    @TempDir
    Path directory;

    @Test
    void anUnknownImageIsASentenceOnTheTemplatesPageAndTheTemplateIsLeftAloneForAWhile() throws Exception {
        AgentTemplate wrong = AgentTemplate.named("wrong", "no-such-image").build();
        try (MemoryFleet fleet = new MemoryFleet(directory);
                MemoryBroker own = MemoryBroker.open(
                                "controller-1", List.of(wrong, MemoryBroker.TEMPLATE), fleet.start("host-a"))
                        .ready()) {
            String node = own.broker
                    .reserve(template -> template.name().equals("wrong"), 1)
                    .get(0)
                    .node();
            assertThatThrownBy(() -> own.start(node))
                    .hasMessageContaining("no-such-image")
                    .isInstanceOfSatisfying(
                            AgentStartFailed.class,
                            e -> assertThat(e.reason()).isEqualTo(AgentStartFailed.Reason.REFUSED));
            assertThat(own.broker.log().entries("wrong"))
                    .singleElement()
                    .satisfies(entry -> assertThat(entry.sentence()).contains("no-such-image"));
            assertThat(own.broker.log().entries("c-build")).isEmpty();
            own.terminate(node);
            own.awaitNoAgents();
            assertThat(own.broker.canReserve(template -> template.name().equals("wrong")))
                    .isFalse();
            assertThat(own.broker.canReserve(template -> template.name().equals("c-build")))
                    .isTrue();
            own.timer.run();
            int before = own.events.timesAvailable();
            own.clock.pass(Duration.ofSeconds(10));
            own.awaitTimer(() -> own.events.timesAvailable() > before);
            assertThat(own.broker.canReserve(template -> template.name().equals("wrong")))
                    .isTrue();
        }
    }

    @Test
    void noRoomIsSaidOnceHoweverOftenItIsMetAndTheNextTryComesLater() throws Exception {
        try (MemoryFleet fleet = new MemoryFleet(directory);
                MemoryBroker own =
                        MemoryBroker.open("controller-1", fleet.start("host-a")).ready()) {
            fleet.refuse("host-a", ProblemCode.NO_ROOM, NO_ROOM);
            List<Reservation> taken = own.broker.reserve(any -> true, 5);
            for (Reservation each : taken) {
                assertThatThrownBy(() -> own.start(each.node())).hasMessage(NO_ROOM);
                own.terminate(each.node());
            }
            assertThat(own.broker.log().entries("c-build")).singleElement().satisfies(entry -> {
                assertThat(entry.sentence()).isEqualTo(NO_ROOM);
                assertThat(entry.times()).isEqualTo(5);
            });
            own.clock.pass(Duration.ofSeconds(10));
            String again = own.reserve();
            assertThatThrownBy(() -> own.start(again)).hasMessage(NO_ROOM);
            own.clock.pass(Duration.ofSeconds(10));
            assertThat(own.broker.canReserve(any -> true)).as("twice as long").isFalse();
            own.clock.pass(Duration.ofSeconds(10));
            fleet.accept("host-a");
            own.started();
            assertThat(fleet.vms()).hasSize(1);
        }
    }

    @Test
    void aCertificateOfAnotherFleetIsASentenceInTheTestOfTheConnection() throws Exception {
        try (MemoryFleet fleet = new MemoryFleet(Files.createDirectory(directory.resolve("a")));
                MemoryFleet strangers = new MemoryFleet(Files.createDirectory(directory.resolve("b")))) {
            Endpoint secure = fleet.startSecure("host-a");
            strangers.startSecure("host-x");
            ConnectionReport good = Broker.connectionReport(settings(secure, fleet.operator()));
            assertThat(good.problem()).isNull();
            assertThat(good.lines()).singleElement().asString().contains("host-a is ready", "free", "QEMU");
            assertThat(good.hidden()).containsOnlyKeys(OptionalField.VM_TEMPLATE);

            ConnectionReport bad = Broker.connectionReport(settings(secure, strangers.operator()));
            assertThat(bad.good()).isFalse();
            assertThat(bad.problem()).contains("No hostd answered").containsIgnoringCase("certificate");
            assertThat(Broker.connectionReport(settings(secure, null)).problem())
                    .contains("an https endpoint needs a certificate to show");
        }
    }

    private static BrokerSettings settings(Endpoint endpoint, @Nullable ClientTls tls) {
        return new BrokerSettings(
                "godwit",
                "controller-1",
                List.of(endpoint),
                tls,
                10,
                List.of(MemoryBroker.TEMPLATE),
                MemoryBroker.LEASE);
    }

    @Test
    void aHostdOfAnotherApiVersionOrWithoutWhatIsNeededIsRefusedBeforeAnythingIsReserved() throws Exception {
        assertThat(problemWith("[\"v2\"]", "[\"create-or-attach\", \"labels\", \"lease\"]"))
                .isEqualTo("hostd 9.9 speaks v2 and this plugin v1: use versions of hostd and the plugin that belong"
                        + " together.");
        assertThat(problemWith("[\"v1\"]", "[\"create-or-attach\", \"labels\"]"))
                .isEqualTo("hostd 9.9 lacks lease, which the plugin needs: use a newer hostd.");
    }

    /** What a hostd that offers this is told; also by a broker that works with it. */
    private static String problemWith(String api, String features) throws Exception {
        byte[] capabilities = """
                {"api": %s, "version": "9.9", "accelerator": "tcg", "tracking": "none", "moveModes": [], "cpuTemplates": [],
                 "features": %s,
                 "limits": {"vcpusMax": 1, "memoryMibMax": 64, "diskMibMax": 64, "leaseSecondsMin": 10, "leaseSecondsMax": 60}}
                """.formatted(api, features).getBytes(StandardCharsets.UTF_8);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestURI().getPath().equals("/v1/capabilities")
                    ? capabilities
                    : "[]".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        Endpoint endpoint =
                Endpoint.parse("http://127.0.0.1:" + server.getAddress().getPort());
        try (MemoryBroker own = MemoryBroker.open("controller-1", endpoint)) {
            String problem = String.valueOf(
                    Broker.connectionReport(settings(endpoint, null)).problem());
            await().until(() -> own.sentences().contains(problem));
            assertThat(own.broker.reserve(any -> true, 1)).isEmpty();
            return problem;
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aNetworkIsRefusedWithASentenceWhereHostdHasNone() throws Exception {
        assertThat(OptionalField.values()).hasSize(2);
        AgentTemplate inProject =
                AgentTemplate.named("net", "debian-ci").project("ci").build();
        try (MemoryFleet fleet = new MemoryFleet(directory);
                MemoryBroker own = MemoryBroker.open("controller-1", List.of(inProject), fleet.start("host-a"))) {
            own.ready();
            String node = own.reserve();
            assertThatThrownBy(() -> own.start(node)).hasMessageContaining("ci");
            assertThat(own.broker.log().entries("net")).hasSize(1);
        }
    }
}
