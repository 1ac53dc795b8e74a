package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskPauseTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    /** A guest whose disk fails as the test says. */
    private static final class FakeGuest implements WaitingGuest {
        volatile boolean waits = true;
        volatile boolean full = true;
        volatile boolean room;
        volatile boolean held;
        final AtomicInteger tries = new AtomicInteger();
        final CountDownLatch looks = new CountDownLatch(20);

        @Override
        public String id() {
            return "vm-1";
        }

        @Override
        public String name() {
            return "build";
        }

        @Override
        public boolean waits() {
            return waits;
        }

        @Override
        public boolean diskIsFull() throws IOException {
            looks.countDown();
            if (looks.getCount() == 15) {
                throw new IOException("the VMM is slow");
            }
            return full;
        }

        @Override
        public boolean hasRoom() {
            return room;
        }

        @Override
        public boolean tryAgain() {
            if (!held) {
                tries.incrementAndGet();
                waits = false;
            }
            return !held;
        }
    }

    private EventLog events() throws IOException {
        return EventLog.open(directory.resolve("events.jsonl"), "host-a", InstantSource.system());
    }

    private static List<EventType> types(EventLog events) throws InterruptedException {
        return events.after(0, 100, Duration.ZERO).stream().map(Event::type).toList();
    }

    @Test
    void aGuestWhoseDiskIsFullGoesOnWhenThereIsRoomAndSaysEachOnce() throws Exception {
        FakeGuest guest = new FakeGuest();
        try (EventLog events = events()) {
            DiskPause pause = new DiskPause(guest, events, Duration.ofMillis(1));
            for (int i = 0; i < 100; i++) {
                pause.begin();
            }
            assertThat(guest.looks.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(guest.tries.get()).isZero();
            guest.room = true;
            Awaitility.await()
                    .atMost(LONG)
                    .untilAsserted(
                            () -> assertThat(types(events)).containsExactly(EventType.PAUSED, EventType.RUNNING));
            assertThat(guest.tries.get()).isEqualTo(1);
        }
    }

    @Test
    void aGuestWhoseDiskFailedStaysAndSaysSoOnceHoweverMuchRoomThereIs() throws Exception {
        FakeGuest guest = new FakeGuest();
        guest.full = false;
        guest.room = true;
        try (EventLog events = events()) {
            new DiskPause(guest, events, Duration.ofMillis(1)).begin();
            assertThat(guest.looks.await(20, TimeUnit.SECONDS)).isTrue();
            guest.waits = false;
            assertThat(guest.tries.get()).isZero();
            assertThat(events.after(0, 100, Duration.ZERO)).singleElement().satisfies(event -> {
                assertThat(event.type()).isEqualTo(EventType.PAUSED);
                assertThat(event.detail()).contains("its disk failed").contains("does not go on by itself");
            });
        }
    }

    @Test
    void aGuestThatAMoveHoldsIsNotLetGoOn() throws Exception {
        FakeGuest guest = new FakeGuest();
        guest.held = true;
        guest.room = true;
        try (EventLog events = events()) {
            new DiskPause(guest, events, Duration.ofMillis(1)).begin();
            assertThat(guest.looks.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(guest.waits).isTrue();
            assertThat(types(events)).containsExactly(EventType.PAUSED);
            guest.held = false;
            Awaitility.await()
                    .atMost(LONG)
                    .untilAsserted(
                            () -> assertThat(types(events)).containsExactly(EventType.PAUSED, EventType.RUNNING));
        }
    }

    @Test
    void aDiskThatFillsUpAgainIsWatchedAgain() throws Exception {
        FakeGuest guest = new FakeGuest();
        guest.room = true;
        try (EventLog events = events()) {
            DiskPause pause = new DiskPause(guest, events, Duration.ofMillis(1));
            pause.begin();
            Awaitility.await().atMost(LONG).until(() -> guest.tries.get() == 1);
            guest.waits = true;
            pause.begin();
            Awaitility.await().atMost(LONG).until(() -> guest.tries.get() == 2);
            guest.waits = true;
            Awaitility.await().atMost(LONG).until(() -> {
                pause.begin();
                return guest.tries.get() == 3;
            });
        }
    }
}
