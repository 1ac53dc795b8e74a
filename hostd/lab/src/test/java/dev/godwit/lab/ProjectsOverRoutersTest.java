package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Flow;
import dev.godwit.api.FlowKind;
import dev.godwit.api.HostTraffic;
import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRule;
import dev.godwit.client.GodwitClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Projects as a user meets them: VMs with real guests on two hosts behind routers. Needs root, VXLAN and BPF. */
@Timeout(value = 12, unit = TimeUnit.MINUTES)
class ProjectsOverRoutersTest extends TwoHostsTest {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    @Override
    TwoHosts open() throws IOException {
        return TwoHosts.behindRouters();
    }

    private Guest vm(GodwitClient host, String name, String project) throws IOException {
        String id = host.createVm(new CreateVm(
                        name,
                        hosts.image,
                        1,
                        TwoHosts.MEMORY_MIB,
                        TwoHosts.DISK_MIB,
                        null,
                        null,
                        Map.of(),
                        null,
                        project))
                .id();
        return new Guest(hosts.both, id);
    }

    private void serve(Guest guest) throws IOException {
        guest.put("/usr/local/bin/echo-probe", 0755, Files.readAllBytes(TwoHosts.DIST.probe("echo")));
        guest.start(ExecRequest.of("/usr/local/bin/echo-probe", "--status", "/run/echo.json"));
    }

    private static boolean connects(Guest guest, String address, int port) {
        try {
            guest.run("timeout", "4", "bash", "-c", ": <>/dev/tcp/" + address + "/" + port);
            return true;
        } catch (IOException refusedOrSilent) {
            return false;
        }
    }

    private void awaitDenied(Guest guest, String remote, String reason) {
        Patience.waitFor("a flow to " + remote + " that was denied by " + reason, LIMIT, () -> {
            try {
                return hosts.both.flows(guest.vm()).stream()
                        .filter(flow -> flow.kind() == FlowKind.DENIED
                                && flow.remoteAddress().equals(remote)
                                && reason.equals(flow.reason()))
                        .findFirst();
            } catch (IOException e) {
                return Optional.<Flow>empty(); // its host answers in a moment
            }
        });
    }

    private long dropped(String reason) throws IOException {
        return hosts.both.traffic().stream()
                .map(HostTraffic::dropped)
                .flatMap(List::stream)
                .filter(count -> count.what().equals(reason))
                .mapToLong(count -> count.packets())
                .sum();
    }

    @Test
    void projectsDoNotMeetAndARuleTakesHoldOfARunningVmAndGoesWithIt() throws Exception {
        Network red = hosts.onA.putNetwork("red", NetworkSettings.STANDARD, 0L);
        Guest caller = vm(hosts.onA, "red-1", "red");
        Guest server = vm(hosts.onB, "red-2", "red");
        Guest stranger = vm(hosts.onB, "plain", "default");
        for (Guest guest : List.of(caller, server, stranger)) {
            guest.awaitRunning();
        }
        serve(server);
        serve(stranger);
        String own = hosts.address(server);
        Patience.waitFor(
                "the first connection within the project",
                LIMIT,
                () -> connects(caller, own, 7000) ? Optional.of(true) : Optional.empty());

        assertThat(connects(caller, hosts.address(stranger), 7000)).isFalse();
        awaitDenied(caller, hosts.address(stranger), "other-network");
        assertThat(connects(stranger, own, 7000)).isFalse();
        assertThat(connects(caller, "169.254.169.254", 80)).isFalse();
        awaitDenied(caller, "169.254.169.254", "policy");
        assertThat(dropped("other-network")).isPositive();
        assertThatThrownBy(() -> hosts.onB.deleteNetwork("red")).hasMessageContaining("red-1, red-2");

        NetworkSettings denied = new NetworkSettings(
                List.of(), List.of(new TrafficRule(own, "tcp", List.of("7000"))), List.of(), null, null);
        Network closed = hosts.onB.putNetwork("red", denied, red.revision());
        Patience.waitFor(
                "the rule to hold", LIMIT, () -> connects(caller, own, 7000) ? Optional.empty() : Optional.of(true));
        awaitDenied(caller, own, "policy");

        String move = hosts.onA.move(caller.vm(), "host-b");
        assertThat(TwoHosts.ended(hosts.both, move).failure()).isNull();
        assertThat(connects(caller, own, 7000)).as("the rule went with the VM").isFalse();

        hosts.onA.putNetwork("red", NetworkSettings.STANDARD, closed.revision());
        Patience.waitFor(
                "the rule to go", LIMIT, () -> connects(caller, own, 7000) ? Optional.of(true) : Optional.empty());
        try (InputStream packets = hosts.both.capture(caller.vm(), Duration.ofSeconds(60), 3)) {
            assertThat(connects(caller, own, 7000)).isTrue();
            assertThat(packets.readAllBytes())
                    .startsWith(0x4d, 0x3c, 0xb2, 0xa1)
                    .hasSizeGreaterThan(24 + 3 * 16);
        }
        for (Guest guest : List.of(caller, server)) {
            hosts.both.deleteVm(guest.vm());
        }
        hosts.onB.deleteNetwork("red");
    }
}
