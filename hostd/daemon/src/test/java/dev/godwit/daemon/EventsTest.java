package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.client.Endpoint;
import dev.godwit.client.EventStream;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventsTest {
    private static final long BOUND_SECONDS = 60;

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

    private static List<String> take(EventStream stream, int count) throws Exception {
        CompletableFuture<List<String>> taken = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                List<String> ids = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    ids.add(stream.next().id());
                }
                taken.complete(ids);
            } catch (Exception e) {
                taken.completeExceptionally(e);
            }
        });
        return taken.get(BOUND_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void aNumberBeyondTheLogsEndIsOfAnotherLogAndGivesTheWholeOne() throws Exception {
        String vm = a.createVm("early").id();
        try (GodwitClient client = a.client();
                EventStream events = client.eventsAfter("host-a.500")) {
            assertThat(events.next().vm()).isEqualTo(vm);
        }
    }

    @Test
    void aStreamGoesOnAfterTheLastEventSeen() throws Exception {
        a.createVm("one");
        a.createVm("two");
        try (GodwitClient client = a.client();
                EventStream stream = client.eventsAfter("host-a.2")) {
            assertThat(take(stream, 2)).containsExactly("host-a.3", "host-a.4");
            a.events.append(EventType.PAUSED, "vm-1", "disk full");
            assertThat(take(stream, 1)).containsExactly("host-a.5");
        }
    }

    @Test
    void theServerSendsNothingThatWasSeenAndNothingTwice() throws Exception {
        a.createVm("one");
        a.createVm("two");
        String answer = headOf("/v1/events?after=host-c.7,host-a.2", "id:host-a.4");
        assertThat(answer).contains("id:host-a.3").doesNotContain("id:host-a.2").doesNotContain("gap");
        assertThat(answer.split("id:host-a.3", -1)).hasSize(2);
    }

    @Test
    void aStreamGoesOnAfterARestartOfTheHost() throws Exception {
        a.createVm("one");
        try (GodwitClient client = new GodwitClient(List.of(a.unix()), Timeouts.usual());
                EventStream stream = client.eventsAfter("host-a.0")) {
            assertThat(take(stream, 2)).containsExactly("host-a.1", "host-a.2");
            a.close();
            a = TestHost.open("host-a", fleet, directory);
            a.events.append(EventType.PAUSED, "vm-1", null);
            assertThat(take(stream, 1)).containsExactly("host-a.3");
        }
    }

    @Test
    void anotherHostGivesItsOwnLogAndTheOwnersRecord() throws Exception {
        var vm = a.createVm("one");
        try (GodwitClient client = new GodwitClient(List.of(a.tcp(), b.tcp()), Timeouts.usual());
                EventStream stream = client.eventsAfter("host-a.0")) {
            assertThat(take(stream, 2)).containsExactly("host-a.1", "host-a.2");
            b.events.append(EventType.MOVED, vm.id(), "arrived");
            fleet.own(vm.id(), "host-b");
            a.close();
            assertThat(take(stream, 2)).containsExactly("host-b.1", "host-b.0");
            b.events.append(EventType.RELEASED, vm.id(), null);
            assertThat(take(stream, 1)).containsExactly("host-b.2");
            assertThat(stream.position()).isEqualTo("host-a.2,host-b.2");
        }
    }

    @Test
    void aStreamMayBeOfOneVm() throws Exception {
        a.createVm("one");
        a.createVm("two");
        String answer = headOf("/v1/events?after=host-a.0&vm=vm-2", "id:host-a.4");
        assertThat(answer).contains("id:host-a.3").doesNotContain("id:host-a.1");
    }

    @Test
    void eventsThatAreNoLongerKeptAreSaidToBeMissing() throws Exception {
        for (int i = 0; i < EventLog.EVENTS_MAX + 5; i++) {
            a.events.append(EventType.RUNNING, "vm-1", null);
        }
        assertThat(headOf("/v1/events?after=host-a.2", "id:host-a.6"))
                .contains("event:gap")
                .contains("{\"firstId\":\"host-a.6\"}");
    }

    @Test
    void aClientOfOneHostIsToldWhatHappensAtAllAndAtThoseThatJoin() throws Exception {
        try (RawHttp raw = RawHttp.tcp(a.base)) {
            raw.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
            raw.readUntil("\"host-b.0\"");
            b.events.append(EventType.MOVED, "vm-1", "arrived");
            raw.readUntil("id:host-b.1");
            a.events.append(EventType.RELEASED, "vm-1", null);
            raw.readUntil("id:host-a.1");
            try (TestHost c = TestHost.open("host-c", fleet, directory)) {
                c.events.append(EventType.LOST, "vm-1", null);
                raw.readUntil("id:host-c.1");
            }
        }
    }

    @Test
    void theEventsOfOneVmComeFromAllHosts() throws Exception {
        a.events.append(EventType.MOVING, "vm-1", null);
        b.events.append(EventType.MOVED, "vm-2", null);
        b.events.append(EventType.MOVED, "vm-1", null);
        assertThat(headOf("/v1/events?after=host-a.0&vm=vm-1", "id:host-b.2")).doesNotContain("id:host-b.1");
    }

    @Test
    void whatHappensBeforeTheFirstEventOfAStreamThatIsCutOffIsToldByTheNextHost() throws Exception {
        try (Relay relay = new Relay(a.base);
                GodwitClient client =
                        new GodwitClient(List.of(Endpoint.parse(relay.base().toString()), b.tcp()), Timeouts.usual());
                EventStream stream = client.events()) {
            CompletableFuture<List<String>> taken = CompletableFuture.supplyAsync(() -> took(stream, 2));
            await().atMost(Duration.ofSeconds(BOUND_SECONDS)).until(() -> relay.said("\"host-a.0\"", "\"host-b.0\""));
            relay.kill();
            a.events.append(EventType.RUNNING, "vm-1", null);
            b.events.append(EventType.RUNNING, "vm-2", null);
            assertThat(taken.get(BOUND_SECONDS, TimeUnit.SECONDS)).containsExactlyInAnyOrder("host-a.1", "host-b.1");
        }
    }

    private static List<String> took(EventStream stream, int count) {
        try {
            return take(stream, count);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a hostd tells before it serves. */
    private void appendWhileAway(String host, EventType type) throws Exception {
        try (EventLog log =
                EventLog.open(directory.resolve(host).resolve("events.jsonl"), host, InstantSource.system())) {
            log.append(type, "vm-1", null);
        }
    }

    @Test
    void aHostThatIsAwayEndsItsOwnPartAndIsFollowedAgainWithoutALoss() throws Exception {
        b.events.append(EventType.RUNNING, "vm-1", null);
        try (GodwitClient client = a.client();
                EventStream stream = client.eventsAfter("host-a.0,host-b.0")) {
            assertThat(take(stream, 1)).containsExactly("host-b.1");
            b.close();
            a.events.append(EventType.RUNNING, "vm-2", null);
            assertThat(take(stream, 1)).containsExactly("host-a.1");
            appendWhileAway("host-b", EventType.LOST);
            b = TestHost.open("host-b", fleet, directory);
            assertThat(take(stream, 1)).containsExactly("host-b.2");
            b.events.append(EventType.RELEASED, "vm-1", null);
            assertThat(take(stream, 1)).containsExactly("host-b.3");
            assertThat(stream.position()).isEqualTo("host-a.1,host-b.3");
        }
    }

    @Test
    void aHostThatFellSilentIsAskedAgainAndHoldsNoOtherUp() throws Exception {
        try (Relay relay = new Relay(b.base);
                GodwitClient client = a.client();
                EventStream stream = client.eventsAfter("host-a.0,host-b.0")) {
            fleet.hosts.put("host-b", relay.base());
            b.events.append(EventType.RUNNING, "vm-1", null);
            assertThat(take(stream, 1)).containsExactly("host-b.1");
            relay.freeze();
            a.events.append(EventType.RUNNING, "vm-2", null);
            assertThat(take(stream, 1)).containsExactly("host-a.1");
            b.events.append(EventType.LOST, "vm-1", null);
            fleet.hosts.put("host-b", b.base);
            assertThat(take(stream, 1)).containsExactly("host-b.2");
        }
    }

    @Test
    void afterAFailOverNothingThatWasSeenComesAgain() throws Exception {
        a.events.append(EventType.RUNNING, "vm-1", null);
        b.events.append(EventType.RUNNING, "vm-2", null);
        try (Relay relay = new Relay(a.base);
                GodwitClient client =
                        new GodwitClient(List.of(Endpoint.parse(relay.base().toString()), b.tcp()), Timeouts.usual());
                EventStream stream = client.eventsAfter("host-a.0")) {
            assertThat(take(stream, 2)).containsExactlyInAnyOrder("host-a.1", "host-b.1");
            String position = stream.position();
            relay.kill();
            a.events.append(EventType.RUNNING, "vm-3", null);
            assertThat(take(stream, 1)).containsExactly("host-a.2");
            assertThat(headOf("/v1/events?after=" + position, "id:host-a.2"))
                    .doesNotContain("id:host-a.1\n", "id:host-b.1\n");
        }
    }

    @Test
    void aReaderThatIsTooSlowIsToldWhatItMissed() throws Exception {
        a.events.append(EventType.RUNNING, "vm-1", null);
        EventTail tail = new EventTail(a.events, "host-a", OptionalLong.of(0), Optional.empty());
        List<EventPart> parts = new ArrayList<>();
        EventPart.Sink slow = new EventPart.Sink() {
            @Override
            public void put(EventPart part) throws InterruptedException {
                parts.add(part);
                if (parts.size() == 2) {
                    for (int i = 0; i < EventLog.EVENTS_MAX + 5; i++) {
                        a.events.append(EventType.RUNNING, "vm-1", null);
                    }
                } else if (parts.size() == 4) {
                    throw new InterruptedException("enough");
                }
            }

            @Override
            public void alive() {}
        };
        tail.catchUp(slow);
        assertThatThrownBy(() -> tail.follow(slow)).hasMessage("enough");
        assertThat(parts)
                .extracting(EventPart::name)
                .containsExactly(EventPart.POSITION, EventPart.EVENT, EventPart.GAP, EventPart.EVENT);
        assertThat(parts.get(2).gapFirstId())
                .isEqualTo("host-a.7")
                .isEqualTo(parts.get(3).id());
    }

    /** What comes until a text is seen. */
    private String headOf(String path, String until) throws Exception {
        try (RawHttp raw = RawHttp.tcp(a.base)) {
            raw.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
            return raw.readUntil(until);
        }
    }

    @Test
    void aSilentStreamHasHeartbeats() throws Exception {
        try (RawHttp raw = RawHttp.tcp(a.base)) {
            raw.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
            raw.readUntil("alive");
            raw.readUntil("alive");
        }
    }

    @Test
    void everyEventHasItsFields() throws Exception {
        a.createVm("one");
        try (GodwitClient client = a.client();
                EventStream stream = client.eventsAfter("host-a.0")) {
            CompletableFuture<Event> first = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try {
                    first.complete(stream.next());
                } catch (Exception e) {
                    first.completeExceptionally(e);
                }
            });
            Event event = first.get(BOUND_SECONDS, TimeUnit.SECONDS);
            assertThat(event.host()).isEqualTo("host-a");
            assertThat(event.type()).isEqualTo(EventType.CREATING);
            assertThat(event.vm()).isEqualTo("vm-1");
            assertThat(Duration.between(event.time(), Instant.now())).isLessThan(Duration.ofMinutes(5));
        }
    }
}
