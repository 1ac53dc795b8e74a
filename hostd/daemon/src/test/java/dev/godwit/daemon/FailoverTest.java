package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecEnd;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.client.Endpoint;
import dev.godwit.client.ExecStream;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.NoEndpointReachable;
import dev.godwit.client.RequestFailed;
import dev.godwit.client.Timeouts;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client against two hosts of one fleet. */
class FailoverTest {
    private static final Duration BOUND = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private final FakeFleet fleet = new FakeFleet();
    private TestHost a;
    private TestHost b;
    private Relay relay;

    @BeforeEach
    void open() throws Exception {
        a = TestHost.open("host-a", fleet, directory);
        b = TestHost.open("host-b", fleet, directory);
        relay = new Relay(a.base);
    }

    @AfterEach
    void close() throws Exception {
        relay.close();
        a.close();
        b.close();
    }

    private GodwitClient client(Duration silence) throws Exception {
        Timeouts timeouts = Timeouts.usual().withSilence(silence).withRetry(Duration.ofSeconds(20));
        return new GodwitClient(List.of(Endpoint.parse(relay.base().toString()), b.tcp()), timeouts);
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Followed(ExecEnd end, byte[] stdout, byte[] stderr, int reconnects) {}

    private static CompletableFuture<Followed> follow(ExecStream stream) {
        CompletableFuture<Followed> followed = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try (stream) {
                ByteArrayOutputStream stdout = new ByteArrayOutputStream();
                ByteArrayOutputStream stderr = new ByteArrayOutputStream();
                ExecEnd end = stream.copyTo(stdout, stderr);
                followed.complete(new Followed(end, stdout.toByteArray(), stderr.toByteArray(), stream.reconnects()));
            } catch (Exception e) {
                followed.completeExceptionally(e);
            }
        });
        return followed;
    }

    private FakeExec exec(String id) {
        return Objects.requireNonNull(fleet.execs.get(id));
    }

    private static void assertWhole(Followed followed, FakeExec exec) {
        assertThat(followed.end()).isEqualTo(new ExecEnd(0, null));
        assertThat(followed.stdout()).isEqualTo(exec.output());
        assertThat(followed.stderr()).isEqualTo(exec.errorOutput());
    }

    @Test
    void theLogIsByteEqualWhenTheHostIsResetInTheMiddle() throws Exception {
        Vm vm = a.createVm("build");
        try (GodwitClient client = client(Duration.ofSeconds(7))) {
            String exec = client.startExec("build", ExecRequest.of("count", "400", "5"));
            CompletableFuture<Followed> followed = follow(client.output("build", exec));
            await().atMost(BOUND).until(() -> relay.toClient() > 20_000);
            fleet.own(vm.id(), "host-b");
            relay.kill();
            a.close();
            Followed end = followed.get(BOUND.toSeconds(), TimeUnit.SECONDS);
            assertWhole(end, exec(exec));
            assertThat(end.reconnects()).isPositive();
            assertThat(new String(end.stdout(), StandardCharsets.UTF_8)).endsWith("line 399\n");
        }
    }

    @Test
    void theLogIsByteEqualWhenTheHostFallsSilent() throws Exception {
        Vm vm = a.createVm("build");
        try (GodwitClient client = client(Duration.ofSeconds(3))) {
            String exec = client.startExec("build", ExecRequest.of("count", "300", "5"));
            CompletableFuture<Followed> followed = follow(client.output("build", exec));
            await().atMost(BOUND).until(() -> relay.toClient() > 10_000);
            relay.freeze();
            fleet.own(vm.id(), "host-b");
            assertWhole(followed.get(BOUND.toSeconds(), TimeUnit.SECONDS), exec(exec));
        }
    }

    @Test
    void theLogIsByteEqualWhenTheVmMovesAndBothHostsLive() throws Exception {
        Vm vm = a.createVm("build");
        try (GodwitClient client = client(Duration.ofSeconds(7))) {
            String exec = client.startExec("build", ExecRequest.of("count", "200", "5"));
            CompletableFuture<Followed> followed = follow(client.output("build", exec));
            for (int i = 0; i < 3; i++) {
                long seen = relay.toClient();
                await().atMost(BOUND).until(() -> relay.toClient() > seen + 3_000 || followed.isDone());
                fleet.own(vm.id(), i % 2 == 0 ? "host-b" : "host-a");
            }
            assertWhole(followed.get(BOUND.toSeconds(), TimeUnit.SECONDS), exec(exec));
        }
    }

    @Test
    void theGuestWaitsForAReaderThatIsSlowAndNothingIsLost() throws Exception {
        a.createVm("build");
        try (GodwitClient client = a.client()) {
            String exec = client.startExec("build", ExecRequest.of("wait"));
            client.signal("build", exec, "KILL");
            assertThat(follow(client.output("build", exec))
                            .get(BOUND.toSeconds(), TimeUnit.SECONDS)
                            .end())
                    .isEqualTo(new ExecEnd(null, 9));
            String flood = client.startExec("build", ExecRequest.of("flood", "65536"));
            await().atMost(BOUND).until(() -> client.exec("build", flood).exit() != null);
            assertThat(follow(client.output("build", flood))
                            .get(BOUND.toSeconds(), TimeUnit.SECONDS)
                            .stdout())
                    .hasSize(65_536);
        }
    }

    @Test
    void outputThatLeftTheRingIsGoneAndTheFirstOffsetIsTold() throws Exception {
        a.createVm("build");
        try (GodwitClient client = a.client()) {
            String flood = client.startExec("build", ExecRequest.of("flood", "1048576"));
            await().atMost(BOUND).until(() -> client.exec("build", flood).exit() != null);
            try (ExecStream stream = client.output("build", flood)) {
                assertThatThrownBy(stream::next).isInstanceOfSatisfying(RequestFailed.class, gone -> {
                    assertThat(gone.code()).isEqualTo(ProblemCode.GONE);
                    assertThat(gone.problem().firstOffset()).isEqualTo(1_048_576L - FakeExec.RING_BYTES);
                });
            }
            try (ExecStream rest = client.output("build", flood, 1_048_576L - FakeExec.RING_BYTES, 0)) {
                assertThat(follow(rest).get(BOUND.toSeconds(), TimeUnit.SECONDS).stdout())
                        .hasSize(FakeExec.RING_BYTES);
            }
        }
    }

    @Test
    void aReaderThatGoesAwayIsNoticedAndDetached() throws Exception {
        a.createVm("build");
        try (GodwitClient client = a.client()) {
            String exec = client.startExec("build", ExecRequest.of("wait"));
            ExecStream stream = client.output("build", exec);
            CompletableFuture<Followed> followed = follow(stream);
            await().atMost(BOUND).until(() -> exec(exec).readers() == 1);
            stream.close();
            await().atMost(BOUND).until(() -> exec(exec).readers() == 0);
            assertThat(followed).failsWithin(BOUND);
        }
    }

    @Test
    void anyHostAnswersForAnyVm() throws Exception {
        a.createVm("build");
        try (GodwitClient client = b.client()) {
            assertThat(client.vm("build").host()).isEqualTo("host-a");
            assertThat(client.vms()).extracting(Vm::name).containsExactly("build");
            String exec = client.startExec("build", ExecRequest.of("cat"));
            byte[] input = "moved bytes\n".repeat(20_000).getBytes(StandardCharsets.UTF_8);
            assertThat(client.writeStdin("build", exec, 0, input, false)).isEqualTo(input.length);
            assertThat(client.writeStdin("build", exec, 0, input, true)).isEqualTo(input.length);
            assertThat(follow(client.output("build", exec))
                            .get(BOUND.toSeconds(), TimeUnit.SECONDS)
                            .stdout())
                    .isEqualTo(input);
            client.putFile("build", "/srv/a b+c", 0755, input);
            try (var file = client.getFile("build", "/srv/a b+c")) {
                assertThat(file.readAllBytes()).isEqualTo(input);
            }
            try (var console = client.console("build")) {
                assertThat(new String(console.readAllBytes(), StandardCharsets.UTF_8))
                        .contains("build");
            }
            String move = client.move("build", "host-b");
            assertThat(client.moveRecord(move).to()).isEqualTo("host-b");
            assertThat(client.moves()).hasSize(1);
            assertThat(client.vm("build").host()).isEqualTo("host-b");
            client.stopVm("build");
            assertThat(client.exportDisk("build").export()).contains("@");
            client.deleteVm("build");
            assertThatThrownBy(() -> client.vm("build"))
                    .isInstanceOfSatisfying(
                            RequestFailed.class, gone -> assertThat(gone.code()).isEqualTo(ProblemCode.NOT_FOUND));
        }
    }

    @Test
    void aRequestThatGoesRoundIsEnded() throws Exception {
        Vm vm = a.createVm("build");
        fleet.own(vm.id(), "host-c");
        fleet.hosts.put("host-c", a.base);
        assertThat(a.send("GET", "/v1/vms/build", null).statusCode()).isEqualTo(508);
    }

    @Test
    void aVmWhoseHostDoesNotAnswerIsShownAsUnknownAndWhatItAloneCanDoNamesTheHost() throws Exception {
        Vm vm = a.createVm("build");
        a.close();
        try (GodwitClient onB = b.client()) {
            assertThat(onB.vm("build").state()).isEqualTo(VmState.UNKNOWN);
            assertThat(onB.vms()).extracting(Vm::id, Vm::state).containsExactly(tuple(vm.id(), VmState.UNKNOWN));
        }
        assertThat(b.send("POST", "/v1/vms/build/stop", null).body())
                .contains("\"status\":503")
                .contains("Host host-a owns it");
    }

    @Test
    void aVmWhoseHostIsGoneIsShownAsLostRefusesAllElseAndIsRemovedWithoutForce() throws Exception {
        CreateVm wanted = new CreateVm("build", "debian-ci", 1, 512, 1024, "ci-main", "job-9", Map.of(), null);
        try (GodwitClient onA = a.client();
                GodwitClient onB = b.client()) {
            Vm vm = onA.createVm(wanted);
            a.close();
            fleet.hosts.remove("host-a");
            assertThat(onB.vm("build").state()).isEqualTo(VmState.LOST);
            assertThat(onB.vms("ci-main", Map.of())).extracting(Vm::state).containsExactly(VmState.LOST);
            for (ThrowingCallable refused : List.<ThrowingCallable>of(
                    () -> onB.createVm(wanted),
                    () -> onB.startExec("build", ExecRequest.of("cat")),
                    () -> onB.renewLease("build", null))) {
                assertThatThrownBy(refused)
                        .isInstanceOfSatisfying(
                                RequestFailed.class,
                                lost -> assertThat(lost.code()).isEqualTo(ProblemCode.VM_LOST));
            }
            onB.deleteVm("build");
            assertThat(onB.vms()).isEmpty();
            assertThat(onB.createVm(wanted).id()).as("the key is free again").isEqualTo(vm.id());
            assertThat(onB.vm("build").host()).isEqualTo("host-b");
        }
    }

    @Test
    void aVmWhoseCreationWasAnsweredIntoALostConnectionIsNotTakenForAnothers() throws Exception {
        CreateVm wanted = new CreateVm("build", "debian-ci", 1, 512, 1024);
        a.createVm("build");
        try (GodwitClient client = client(Duration.ofSeconds(7))) {
            assertThatThrownBy(() -> client.createVm(wanted))
                    .isInstanceOfSatisfying(
                            RequestFailed.class,
                            taken -> assertThat(taken.code()).isEqualTo(ProblemCode.NAME_TAKEN));
        }
    }

    @Test
    void whenNoEndpointAnswersEachOneIsNamed() throws Exception {
        Path nowhere = directory.resolve("none.sock");
        try (GodwitClient client = new GodwitClient(
                List.of(Endpoint.parse("unix:" + nowhere), Endpoint.parse("http://127.0.0.1:1")),
                Timeouts.usual().withRetry(Duration.ZERO))) {
            assertThatThrownBy(client::host)
                    .isInstanceOf(NoEndpointReachable.class)
                    .hasMessageContaining("none.sock")
                    .hasMessageContaining("127.0.0.1:1");
        }
    }

    @Test
    void oneKeyMakesOneVmAtWhicheverHostItIsAskedFor() throws Exception {
        CreateVm wanted =
                new CreateVm("build-9", "debian-ci", 1, 512, 1024, "ci-main", "job-9", Map.of("pool", "small"), 60);
        try (GodwitClient onA = a.client();
                GodwitClient onB = b.client()) {
            Vm first = onA.createVm(wanted);
            Vm second = onB.createVm(wanted);
            assertThat(second.id()).isEqualTo(first.id());
            assertThat(second.host()).isEqualTo("host-a");
            assertThat(fleet.vms).hasSize(1);
            assertThat(onB.vms("ci-main", Map.of("pool", "small"))).hasSize(1);
            assertThat(onB.vms("ci-main", Map.of("pool", "large"))).isEmpty();
            assertThat(onB.vms("ci-other", Map.of())).isEmpty();
        }
    }

    @Test
    void aRequestThatAHostHasNoRoomForIsNotMadeAtAnEdge() throws Exception {
        fleet.full.add("host-a");
        fleet.edges.add("host-b");
        try (GodwitClient onA = a.client()) {
            assertThatThrownBy(() -> onA.createVm(new CreateVm("large", "debian-ci", 1, 512, 1024)))
                    .isInstanceOfSatisfying(
                            RequestFailed.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.NO_ROOM));
        }
        assertThat(fleet.vms).isEmpty();
    }

    @Test
    void aRequestThatOneHostHasNoRoomForIsMadeAtTheOther() throws Exception {
        fleet.full.add("host-a");
        try (GodwitClient onA = a.client()) {
            assertThat(onA.createVm(new CreateVm("large", "debian-ci", 1, 512, 1024))
                            .host())
                    .isEqualTo("host-b");
            fleet.full.add("host-b");
            assertThatThrownBy(() -> onA.createVm(new CreateVm("larger", "debian-ci", 1, 512, 1024)))
                    .isInstanceOfSatisfying(
                            RequestFailed.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.NO_ROOM))
                    .hasMessageContaining("host-b");
        }
    }

    @Test
    void whatAnotherHostSaysOfTheRequestIsTheAnswerAndNotThatThereIsNoRoomHere() throws Exception {
        fleet.full.add("host-a");
        try (GodwitClient onA = a.client()) {
            CreateVm wanted = new CreateVm("large", "debian-ci", 1, 512, 1024);
            fleet.refusing.put("host-b", new Conflict(ProblemCode.NAME_TAKEN, "There is a VM \"large\" already."));
            assertThatThrownBy(() -> onA.createVm(wanted))
                    .isInstanceOfSatisfying(
                            RequestFailed.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.NAME_TAKEN))
                    .hasMessageContaining("There is a VM");
            fleet.refusing.put("host-b", new Refused(ProblemCode.HOST_UNFIT, "Host host-b is to be left."));
            assertThatThrownBy(() -> onA.createVm(wanted))
                    .isInstanceOfSatisfying(
                            RequestFailed.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.NO_ROOM))
                    .hasMessageContaining("Host host-b is to be left");
        }
    }
}
