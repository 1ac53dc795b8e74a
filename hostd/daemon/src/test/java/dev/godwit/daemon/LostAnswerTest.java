package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.Vm;
import dev.godwit.client.AnswerLost;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.RequestFailed;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host passes requests on to one that takes them and whose answers are lost. */
class LostAnswerTest {
    private static final String EXEC = "{\"argv\":[\"true\"]}";

    @TempDir
    Path directory;

    private final FakeFleet fleet = new FakeFleet();
    private TestHost host;

    @BeforeEach
    void open() throws Exception {
        host = TestHost.open("host-a", fleet, directory);
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    /** Of a VM that it owns from now on. */
    private LosingHost owner(Vm vm, Runnable act) throws Exception {
        LosingHost owner = new LosingHost(act, "");
        fleet.hosts.put("host-x", owner.base());
        fleet.own(vm.id(), "host-x");
        return owner;
    }

    @Test
    void aCommandWhoseAnswerWasLostBehindItsHostIsNotStartedTwice() throws Exception {
        Vm vm = host.createVm("build");
        try (LosingHost owner = owner(vm, () -> {});
                GodwitClient client = host.client()) {
            assertThatThrownBy(() -> client.startExec("build", ExecRequest.of("make")))
                    .isInstanceOf(AnswerLost.class)
                    .hasMessageContaining("host-x")
                    .hasMessageContaining("look before asking again");
            assertThat(owner.requests).containsExactly("POST /v1/vms/build/exec HTTP/1.1");
            HttpResponse<String> answer = host.send("POST", "/v1/vms/build/exec", EXEC);
            assertThat(answer.statusCode()).isEqualTo(502);
            assertThat(answer.body()).contains("\"code\":\"answer-lost\"");
        }
    }

    @Test
    void aHostThatTakesNoConnectionHasNotDoneIt() throws Exception {
        Vm vm = host.createVm("build");
        owner(vm, () -> {}).close();
        HttpResponse<String> answer = host.send("POST", "/v1/vms/build/exec", EXEC);
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).contains("\"code\":\"unavailable\"").contains("took no connection");
    }

    @Test
    void aVmWhoseDeletionWasAnsweredIntoALostConnectionIsDeleted() throws Exception {
        Vm vm = host.createVm("build");
        try (LosingHost owner = owner(vm, () -> fleet.vms.remove(vm.id()));
                GodwitClient client = host.client()) {
            client.deleteVm("build");
            assertThat(owner.requests).containsExactly("DELETE /v1/vms/build HTTP/1.1");
            assertThatThrownBy(() -> client.deleteVm("build"))
                    .isInstanceOfSatisfying(
                            RequestFailed.class, gone -> assertThat(gone.code()).isEqualTo(ProblemCode.NOT_FOUND));
        }
    }

    /** The host that is asked has no room; the other one makes the VM and its answer is lost. */
    @Test
    void aVmThatAnotherHostMadeUnheardIsFoundByItsName() throws Exception {
        try (TestHost other = TestHost.open("host-b", fleet, directory);
                Relay relay = new Relay(other.base);
                GodwitClient client = host.client()) {
            fleet.full.add("host-a");
            fleet.hosts.put("host-b", relay.base());
            relay.loseAnswersTo("POST");
            assertThat(client.createVm(new CreateVm("large", "debian-ci", 1, 512, 1024))
                            .host())
                    .isEqualTo("host-b");
            assertThat(fleet.vms).hasSize(1);
        }
    }

    @Test
    void aHostThatFallsSilentInItsAnswerIsLeftOutOfTheList() throws Exception {
        host.createVm("build");
        String beginning = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n[";
        try (LosingHost silent = new LosingHost(() -> {}, beginning)) {
            fleet.hosts.put("host-x", silent.base());
            assertThat(host.send("GET", "/v1/vms", null).body()).contains("\"name\":\"build\"");
            assertThat(silent.requests).containsExactly("GET /v1/vms HTTP/1.1");
        }
    }

    /** A path that begins with two slashes is no host's name. */
    @Test
    void aRequestGoesToTheOwnerWhateverItsPath() throws Exception {
        Vm vm = host.createVm("build");
        try (LosingHost owner = owner(vm, () -> {});
                RawHttp raw = RawHttp.tcp(host.base)) {
            raw.send("GET //v1/vms/build HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            assertThat(raw.readUntil("}")).contains("host-x");
            assertThat(owner.requests).isNotEmpty().allMatch(line -> line.endsWith("/v1/vms/build HTTP/1.1"));
        }
    }
}
