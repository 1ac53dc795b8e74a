package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.DrainPlan;
import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.cloud.Notice;
import dev.godwit.cloud.NoticeKind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvacuationTest {
    private static final Duration DEADLINE = Duration.ofSeconds(120);

    @TempDir
    Path directory;

    private final FakeLeavingHost host = new FakeLeavingHost();
    private final Departure departure = new Departure();
    private final MoveThreads threads = new MoveThreads();
    private final SteppedClock clock = new SteppedClock();
    private EventLog events;
    private Evacuation evacuation;

    @BeforeEach
    void open() throws IOException {
        events = EventLog.open(directory.resolve("events.jsonl"), "host-a", InstantSource.system());
        evacuation = new Evacuation("host-a", host, departure, threads, events, clock, Duration.ofMillis(50));
    }

    @AfterEach
    void close() throws IOException {
        threads.close();
        events.close();
    }

    private static Notice notice(@Nullable Instant goneFrom) {
        return new Notice("aws", NoticeKind.PREEMPT, "host-a", Instant.EPOCH, goneFrom, "i-1/PREEMPT", "{}");
    }

    private Event awaitEvent(EventType type) throws InterruptedException {
        long seen = 0;
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (System.nanoTime() < until) {
            for (Event event : events.after(seen, 100, Duration.ofSeconds(60))) {
                seen = EventLog.number(event);
                if (event.type() == type) {
                    return event;
                }
            }
        }
        throw new AssertionError("no event " + type + " came");
    }

    private List<Event> all() throws InterruptedException {
        return events.after(0, 10_000, Duration.ZERO);
    }

    @Test
    void aNoticeEmptiesTheHost() throws Exception {
        host.running.addAll(List.of("vm-1", "vm-2"));
        evacuation.noticed(notice(clock.now().plus(DEADLINE)));
        assertThat(awaitEvent(EventType.RELEASED).detail()).contains("may be shut down");
        assertThat(departure.left()).isTrue();
        assertThat(host.running).isEmpty();
    }

    @Test
    void aStoreThatDoesNotAnswerAtTheNoticeDelaysTheEvacuationAndDoesNotEndIt() throws Exception {
        host.running.add("vm-1");
        for (int i = 0; i < 5; i++) {
            host.failures.add(new IOException("etcd timed out"));
        }
        evacuation.noticed(notice(clock.now().plus(DEADLINE)));
        awaitEvent(EventType.RELEASED);
        assertThat(host.asked).containsExactly("vm-1 to host-b");
        assertThat(all()).filteredOn(event -> event.type() == EventType.REFUSED).hasSize(1);
    }

    @Test
    void aFailureOfOneVmHoldsNoOtherUp() throws Exception {
        host.running.addAll(List.of("vm-1", "vm-2"));
        AtomicInteger tries = new AtomicInteger();
        host.fate = planned -> {
            if (planned.vmId().equals("vm-1") && tries.incrementAndGet() < 3) {
                throw new IllegalStateException("sink dirty-rate is open already");
            }
            return host.leaves(planned);
        };
        evacuation.noticed(notice(clock.now().plus(DEADLINE)));
        awaitEvent(EventType.RELEASED);
        assertThat(host.asked).contains("vm-2 to host-b");
        assertThat(host.running).isEmpty();
    }

    @Test
    void aMoveThatHangsHoldsNoOtherUp() throws Exception {
        host.running.addAll(List.of("vm-1", "vm-2"));
        CountDownLatch second = new CountDownLatch(1);
        host.fate = planned -> {
            if (planned.vmId().equals("vm-1")) {
                host.running.remove("vm-1");
                host.arriving.add("vm-1"); // on its way for ever
                return new CompletableFuture<>();
            }
            second.countDown();
            return host.leaves(planned);
        };
        evacuation.noticed(notice(clock.now().plus(DEADLINE)));
        assertThat(second.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(departure.left()).isFalse();
    }

    @Test
    void aHostThatRefusedIsLeftAloneForSecondsAndAnotherIsTaken() throws Exception {
        host.running.add("vm-1");
        host.targets.add("host-c");
        host.fate = planned -> planned.targetHostId().equals("host-b")
                ? host.refused(planned, "host host-b has 0 MiB free")
                : host.leaves(planned);
        evacuation.noticed(notice(clock.now().plus(DEADLINE)));
        awaitEvent(EventType.RELEASED);
        assertThat(host.asked).containsExactly("vm-1 to host-b", "vm-1 to host-c");
    }

    @Test
    void theOnlyHostIsAskedAgainAfterSecondsAndItsRefusalIsToldOnce() throws Exception {
        host.running.add("vm-1");
        AtomicInteger tries = new AtomicInteger();
        host.fate = planned ->
                tries.incrementAndGet() < 4 ? host.refused(planned, "it lacks the base image") : host.leaves(planned);
        evacuation.noticed(notice(clock.now().plus(DEADLINE)));
        awaitEvent(EventType.RELEASED);
        assertThat(host.asked).hasSize(4);
        assertThat(Duration.between(Instant.EPOCH, clock.now()))
                .isGreaterThanOrEqualTo(Evacuation.TURNED_DOWN.multipliedBy(3));
        assertThat(all())
                .filteredOn(event -> event.type() == EventType.REFUSED)
                .singleElement()
                .satisfies(event -> assertThat(event.detail()).contains("it lacks the base image"));
    }

    @Test
    void aHostWithAVmOnItsWayHereIsNotEmpty() throws Exception {
        host.arriving.add("vm-9");
        CountDownLatch waited = new CountDownLatch(10);
        clock.whileSleeping = () -> {
            waited.countDown();
            assertThat(departure.left()).isFalse();
            if (waited.getCount() == 0) {
                host.arriving.clear();
            }
        };
        evacuation.begin(null);
        awaitEvent(EventType.RELEASED);
        assertThat(waited.getCount()).isZero();
        assertThat(host.turnedAway).isGreaterThanOrEqualTo(10);
    }

    @Test
    void theDiskOfAStoppedVmIsNamedAndTheHostIsNotReleasedWhileItIsThere() throws Exception {
        host.running.add("vm-1");
        host.stopped.add("build-7 (STOPPED)");
        AtomicInteger looks = new AtomicInteger();
        clock.whileSleeping = () -> {
            assertThat(departure.left()).isFalse();
            assertThat(departure.takesNone()).isTrue();
            if (looks.incrementAndGet() == 20) {
                assertThat(evacuation.reason()).contains("build-7").contains("godwit vm rm");
                host.stopped.clear();
            }
        };
        evacuation.begin(null);
        awaitEvent(EventType.RELEASED);
        assertThat(looks.get()).isEqualTo(20);
        assertThat(all()).filteredOn(event -> event.type() == EventType.REFUSED).hasSize(1);
    }

    @Test
    void aNoticeThatJoinsADrainGivesItsDeadlineAndTheNextOneHasItsOwn() throws Exception {
        host.running.add("vm-1");
        host.targets.clear();
        Instant goneFrom = clock.now().plus(DEADLINE);
        evacuation.begin(null);
        assertThat(departure.goneFrom()).isNull();
        evacuation.noticed(notice(goneFrom));
        assertThat(departure.finishBy()).isEqualTo(goneFrom.minusSeconds(2));
        Event end = awaitEnd();
        assertThat(end.detail()).contains("vm-1 could not be moved");
        assertThat(departure.goneFrom()).isNull();
        assertThat(departure.noticedAt()).isNull();
        assertThat(departure.takesNone()).isFalse();
    }

    private Event awaitEnd() throws InterruptedException {
        long seen = 0;
        while (true) {
            List<Event> more = events.after(seen, 100, Duration.ofSeconds(60));
            assertThat(more).as("the end of the evacuation").isNotEmpty();
            for (Event event : more) {
                seen = EventLog.number(event);
                if (String.valueOf(event.detail()).startsWith("VMs are left")) {
                    return event;
                }
            }
        }
    }

    @Test
    void aDrainAnswersWithItsPlan() throws Exception {
        host.running.add("vm-1");
        DrainPlan plan = evacuation.begin(null);
        assertThat(plan.steps()).singleElement().satisfies(step -> {
            assertThat(step.vm()).isEqualTo("vm-1");
            assertThat(step.to()).isEqualTo("host-b");
        });
    }

    @Test
    void aDrainWhosePlanFailsSaysSoAndGoesOn() throws Exception {
        host.running.add("vm-1");
        host.failures.add(new IOException("etcd timed out"));
        DrainPlan plan = evacuation.begin(null);
        assertThat(plan.steps())
                .singleElement()
                .satisfies(step -> assertThat(step.reason()).contains("etcd timed out"));
        awaitEvent(EventType.RELEASED);
    }

    @Test
    void hostdThatGoesDownEndsTheEvacuationWithoutAWord() throws Exception {
        host.running.add("vm-1");
        host.fate = planned -> new CompletableFuture<>();
        CountDownLatch goesOn = new CountDownLatch(1);
        clock.whileSleeping = goesOn::countDown;
        evacuation.begin(null);
        assertThat(goesOn.await(60, TimeUnit.SECONDS)).isTrue();
        threads.close();
        assertThat(all()).noneMatch(event -> event.type() == EventType.RELEASED);
    }
}
