package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.Move;
import dev.godwit.api.MoveState;
import dev.godwit.api.MoveStep;
import dev.godwit.client.GodwitClient;
import dev.godwit.lab.report.MoveReport;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One hop: the source gets a notice, its VM is evacuated, the source is destroyed when it is released or when its time is
 * over.
 */
final class Hop {
    static final Duration NOTICE = Duration.ofSeconds(30);
    /** The guest's clock is set when it goes on, and the ticker sees it at its next tick; then half a second for both. */
    private static final double AFTER_RESUME_MILLIS = 1500;

    /** Of the thirty seconds of notice, what a figure of the record may cost. */
    private static final Duration RECORD_WAIT = Duration.ofSeconds(3);

    private final GodwitClient client;
    private final Guest guest;
    private final LabHost source;
    private final EventFeed sourceEvents;
    private final EventFeed targetEvents;
    private final PrintStream terminal;

    Hop(
            GodwitClient client,
            Guest guest,
            LabHost source,
            EventFeed sourceEvents,
            EventFeed targetEvents,
            PrintStream terminal) {
        this.client = client;
        this.guest = guest;
        this.source = source;
        this.sourceEvents = sourceEvents;
        this.targetEvents = targetEvents;
        this.terminal = terminal;
    }

    /** Carries it out. Afterwards the source is gone, whatever came of the move. */
    void run(Findings findings) throws IOException, InterruptedException {
        try (LinkCounter link = LinkCounter.of(source)) {
            Instant deadline = source.metadata().interrupt(NOTICE);
            findings.mark("notice for " + source.id());
            terminal.println("notice: " + source.id() + " may be gone from " + deadline + " on");
            Optional<Event> released = sourceEvents.await(
                    event -> event.type() == EventType.RELEASED && event.vm().equals(guest.vm()),
                    Duration.between(Instant.now(), deadline));
            link.look();
            Optional<Move> move = released.isPresent() ? moveRecord() : Optional.empty();
            OptionalLong counted = move.isPresent() ? link.since(move.get().startedAt()) : OptionalLong.empty();
            link.stop();
            if (move.isPresent()) {
                countTraffic(findings);
            }
            source.destroy();
            sourceEvents.close();
            findings.mark(source.id() + " destroyed");
            terminal.println(
                    source.id() + " destroyed " + (released.isPresent() ? "at its release" : "at its deadline"));
            checkSourceGone(findings, released);
            if (move.isEmpty()) {
                throw new LabException("the VM was not released from " + source.id() + " before its deadline "
                        + deadline + ". The end of its hostd's log:\n" + source.logTail());
            }
            awaitRunning();
            MoveReport report = report(move.get(), counted);
            findings.move(report);
            checkBytes(findings, report);
        }
    }

    /** A report of a move with the largest pause that the guest's clock shows around it. */
    static MoveReport withGuestBlackout(MoveReport move, JsonNode ticker) {
        MoveReport.Blackout former = move.blackoutMillis();
        return with(move, new MoveReport.Blackout(former.hostd(), guestBlackout(move, ticker), former.client()));
    }

    /** The same report with other blackouts. */
    static MoveReport with(MoveReport move, MoveReport.Blackout blackout) {
        return new MoveReport(
                move.from(),
                move.to(),
                move.moveMillis(),
                move.noticeToReleaseMillis(),
                blackout,
                move.rounds(),
                move.bytesSent(),
                move.linkBytes(),
                move.planned(),
                move.phases());
    }

    /** Wall-clock time at which the move came into a state. */
    static Optional<Double> at(MoveReport move, MoveState state) {
        return move.phases().stream()
                .filter(phase -> phase.state().equals(state.name()))
                .map(MoveReport.Phase::atEpochMillis)
                .findFirst();
    }

    /** When the source had let the VM go: what is seen of it there later is one packet too many. */
    static double releasedAt(MoveReport move) {
        // The record's times are whole milliseconds.
        return at(move, MoveState.RELEASE)
                        .orElseThrow(() -> new LabException("the move to " + move.to() + " came to no RELEASE"))
                + 1;
    }

    /** Until when traces of the pause can show. */
    static double windowEnd(MoveReport move) {
        return at(move, MoveState.RESUME).orElse(move.phases().getLast().atEpochMillis()) + AFTER_RESUME_MILLIS;
    }

    private static @Nullable Double guestBlackout(MoveReport move, JsonNode ticker) {
        double from =
                at(move, MoveState.CUTOVER).orElse(move.phases().getFirst().atEpochMillis()) - 500;
        double to = windowEnd(move);
        Double largest = null;
        for (JsonNode step : ticker.path("steps")) {
            double at = step.path("atNanos").asDouble() / 1e6;
            double millis = (step.path("realtimeNanos").asDouble()
                            - ticker.path("everyNanos").asDouble())
                    / 1e6;
            if (at >= from && at <= to && (largest == null || millis > largest)) {
                largest = millis;
            }
        }
        return largest;
    }

    /** What the source counted goes with it. */
    private void countTraffic(Findings findings) throws IOException {
        client.traffic().stream()
                .filter(counted -> counted.host().equals(source.id()))
                .forEach(findings::traffic);
    }

    private Optional<Move> moveRecord() throws IOException {
        String id = sourceEvents
                .first(event -> event.type() == EventType.RELEASED && event.vm().equals(guest.vm()))
                .map(Event::move)
                .or(() -> sourceEvents
                        .first(event ->
                                event.type() == EventType.MOVING && event.vm().equals(guest.vm()))
                        .map(Event::move))
                .orElseThrow(() -> new LabException("the release of " + source.id() + " names no move"));
        return Optional.of(completeRecord(id));
    }

    /** The event of RELEASE is told a little before the record's last figure is in; what is missing then stays unknown. */
    private Move completeRecord(String id) throws IOException {
        AtomicReference<@Nullable Move> ended = new AtomicReference<>();
        try {
            return Patience.waitFor("the record of move " + id + " to end", RECORD_WAIT, () -> {
                try {
                    Move now = client.moveRecord(id);
                    if (now.ended()) {
                        ended.set(now);
                    }
                    boolean complete =
                            now.blackoutMillis() != null && now.blackoutMillis().hostd() != null;
                    return now.ended() && complete ? Optional.of(now) : Optional.empty();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (LabException incomplete) {
            Move known = ended.get();
            if (known == null) {
                throw incomplete;
            }
            return known;
        }
    }

    private void awaitRunning() throws InterruptedException {
        targetEvents.await(
                event -> event.type() == EventType.MOVED && event.vm().equals(guest.vm()), Duration.ofSeconds(10));
    }

    private void checkSourceGone(Findings findings, Optional<Event> released) {
        boolean gone = !source.alive();
        findings.check(
                "source-gone",
                gone && released.isPresent(),
                source.id()
                        + (gone ? " is gone, " : " IS STILL THERE, ")
                        + released.map(event -> "released " + elapsed(event) + " after the move began")
                                .orElse("destroyed at its deadline, never released"));
    }

    private static String elapsed(Event event) {
        return event.elapsedMillis() == null ? "some time" : event.elapsedMillis() + " ms";
    }

    private static void checkBytes(Findings findings, MoveReport report) {
        MoveReport.Bytes sent = report.bytesSent();
        Long link = report.linkBytes();
        if (sent == null || link == null || link == 0) {
            findings.check("bytes-agree", false, report.from() + ": bytes are not known");
            return;
        }
        long sum = sent.memory() + sent.disk() + sent.state();
        double off = Math.abs(sum - link) * 100.0 / link;
        findings.check(
                "bytes-agree",
                off <= 5,
                String.format(
                        Locale.ROOT, "%s: sent %,d, on the link %,d, off by %.2f %%", report.from(), sum, link, off));
    }

    /** @param counted what the lab saw on the source's link, where it looked */
    static MoveReport report(Move move, OptionalLong counted) {
        List<MoveReport.Phase> phases = move.states().stream()
                .map(step -> phase(move.startedAt(), step))
                .toList();
        var blackout = move.blackoutMillis();
        var bytes = move.bytesSent();
        var planned = move.planned();
        // The lab's own counter is the witness; hostd's figure stands in only where it is missing.
        Long link = counted.isPresent() ? (Long) counted.getAsLong() : move.linkBytes();
        return new MoveReport(
                move.from(),
                move.to(),
                move.moveMillis(),
                move.noticeToReleaseMillis(),
                new MoveReport.Blackout(blackout == null ? null : blackout.hostd(), null, null),
                move.rounds(),
                bytes == null ? null : new MoveReport.Bytes(bytes.memory(), bytes.disk(), bytes.state()),
                link,
                planned == null ? null : new MoveReport.Planned(planned.mode().toString(), planned.millis()),
                phases);
    }

    private static MoveReport.Phase phase(Instant startedAt, MoveStep step) {
        return new MoveReport.Phase(
                step.state().name(), startedAt.toEpochMilli() + step.elapsedMillis(), step.elapsedMillis());
    }
}
