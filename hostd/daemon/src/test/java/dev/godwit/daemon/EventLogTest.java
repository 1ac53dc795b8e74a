package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.MoveState;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventLogTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-24T12:00:00Z"));

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("events.jsonl");
    }

    private EventLog open() throws Exception {
        return EventLog.open(file, "host-a", CLOCK);
    }

    @Test
    void goesOnWhereAnEarlierHostdStopped() throws Exception {
        try (EventLog log = open()) {
            log.append(EventType.CREATING, "vm-1", null);
            log.append(EventType.MOVING, "vm-1", "m-1", MoveState.CUTOVER, Duration.ofMillis(812), "all is well");
        }
        try (EventLog log = open()) {
            Event third = log.append(EventType.MOVED, "vm-1", null);
            assertThat(third.id()).isEqualTo("host-a.3");
            assertThat(log.after(1, 10, Duration.ZERO))
                    .containsExactly(
                            new Event(
                                    "host-a.2",
                                    CLOCK.instant(),
                                    EventType.MOVING,
                                    "vm-1",
                                    "host-a",
                                    "m-1",
                                    MoveState.CUTOVER,
                                    812L,
                                    "all is well"),
                            third);
        }
    }

    @Test
    void dropsALastLineThatACrashTore() throws Exception {
        try (EventLog log = open()) {
            log.append(EventType.CREATING, "vm-1", null);
        }
        Files.writeString(file, "{\"id\":\"host-a.2\",\"ti", StandardOpenOption.APPEND);
        try (EventLog log = open()) {
            assertThat(log.append(EventType.RUNNING, "vm-1", null).id()).isEqualTo("host-a.2");
        }
        try (EventLog log = open()) {
            assertThat(log.last()).isEqualTo(2);
        }
    }

    @Test
    void passesOverALineThatCantBeReadAndServes() throws Exception {
        try (EventLog log = open()) {
            log.append(EventType.CREATING, "vm-1", null);
        }
        Files.writeString(file, "{\"id\":\"host-a.2\",\"ti{\"id\":\"host-a.3\"}\n", StandardOpenOption.APPEND);
        try (EventLog log = open()) {
            assertThat(log.append(EventType.RUNNING, "vm-1", null).id()).isEqualTo("host-a.2");
        }
        try (EventLog log = open()) {
            assertThat(log.after(0, 10, Duration.ZERO))
                    .extracting(Event::type)
                    .containsExactly(EventType.CREATING, EventType.RUNNING);
        }
    }

    @Test
    void anEventOfAThreadThatIsInterruptedIsWrittenAndSoIsTheNext() throws Exception {
        try (EventLog log = open()) {
            Thread.currentThread().interrupt();
            log.append(EventType.REFUSED, "vm-1", null);
            assertThat(Thread.interrupted()).isTrue();
            log.append(EventType.RELEASED, "vm-1", null);
        }
        try (EventLog log = open()) {
            assertThat(log.last()).isEqualTo(2);
        }
    }

    /** A file size limit gives what a full disk gives: a write that is cut off, then an error. */
    @Test
    void aFullDiskKeepsNoEventFromItsReadersAndLeavesNoHalfLine() throws Exception {
        Process child = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FullDisk.class.getName(),
                        file.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor()).as(said).isZero();
        assertThat(said).contains("told 100 in memory 100");
        assertThat(Files.readString(file)).endsWith("}\n");
        long written = Files.readString(file).lines().count();
        assertThat(written).isBetween(1L, 99L);
        try (EventLog log = open()) {
            assertThat(log.last()).isEqualTo(written);
        }
    }

    /** Tells a hundred events to a log whose file may not grow beyond what the shell allows. */
    static final class FullDisk {
        public static void main(String[] args) throws Exception {
            try (EventLog log = EventLog.open(Path.of(args[0]), "host-a", CLOCK)) {
                for (int i = 0; i < 100; i++) {
                    log.append(EventType.RUNNING, "vm-1", null);
                }
                System.out.println("told " + log.last() + " in memory "
                        + log.after(0, 1000, Duration.ZERO).size());
            }
        }
    }

    @Test
    void keepsTheNewestAndItsFileStaysBounded() throws Exception {
        int count = 3 * EventLog.EVENTS_MAX;
        try (EventLog log = open()) {
            for (int i = 0; i < count; i++) {
                log.append(EventType.RUNNING, "vm-1", null);
            }
            assertThat(log.last()).isEqualTo(count);
            assertThat(log.first()).isEqualTo(count - EventLog.EVENTS_MAX + 1);
            assertThat(log.after(0, 1, Duration.ZERO)).extracting(Event::id).containsExactly("host-a." + log.first());
            assertThat(log.after(count - 2, 10, Duration.ZERO))
                    .extracting(Event::id)
                    .containsExactly("host-a." + (count - 1), "host-a." + count);
        }
        assertThat(Files.readString(file, StandardCharsets.UTF_8).lines().count())
                .isLessThanOrEqualTo(2L * EventLog.EVENTS_MAX);
        try (EventLog log = open()) {
            assertThat(log.last()).isEqualTo(count);
        }
    }

    @Test
    void wakesAReaderThatWaits() throws Exception {
        try (EventLog log = open()) {
            CompletableFuture<List<Event>> read = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try {
                    read.complete(log.after(0, 10, Duration.ofSeconds(60)));
                } catch (InterruptedException e) {
                    read.completeExceptionally(e);
                }
            });
            log.append(EventType.RUNNING, "vm-1", null);
            assertThat(read.get(30, TimeUnit.SECONDS)).hasSize(1);
        }
    }

    @Test
    void endsItsReadersWhenItCloses() throws Exception {
        EventLog log = open();
        CompletableFuture<List<Event>> read = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                read.complete(log.after(0, 10, Duration.ofSeconds(60)));
            } catch (InterruptedException e) {
                read.completeExceptionally(e);
            }
        });
        log.close();
        assertThat(read.get(30, TimeUnit.SECONDS)).isEmpty();
        assertThatThrownBy(() -> log.append(EventType.RUNNING, "vm-1", null)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aLineThatCantBeReadLeavesAHoleAndTheEventsAfterItKeepTheirNumbers() throws Exception {
        try (EventLog log = open()) {
            for (int i = 0; i < 3; i++) {
                log.append(EventType.CREATING, "vm-" + i, null);
            }
        }
        Files.writeString(file, Files.readString(file).replaceFirst("host-a.2", "host-a.x"));
        try (EventLog log = open()) {
            assertThat(log.last()).isEqualTo(3);
            assertThat(log.after(0, 10, Duration.ZERO)).extracting(Event::id).containsExactly("host-a.1", "host-a.3");
            assertThat(log.append(EventType.RUNNING, "vm-1", null).id()).isEqualTo("host-a.4");
            assertThat(log.after(3, 10, Duration.ZERO)).extracting(Event::id).containsExactly("host-a.4");
        }
    }
}
