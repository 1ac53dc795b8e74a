package dev.godwit.daemon;

import com.fasterxml.jackson.core.JacksonException;
import dev.godwit.api.Blackout;
import dev.godwit.api.BytesSent;
import dev.godwit.api.Move;
import dev.godwit.api.MoveMode;
import dev.godwit.api.MoveState;
import dev.godwit.api.MoveStep;
import dev.godwit.api.PlannedMove;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.MoveSide;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The moves this host took part in, as the API shows them: what the state machine records, and what only the source can
 * know (the notice, the link's counter). Ended ones are kept in files. Thread-safe.
 */
final class MoveLog {
    private static final Logger log = LoggerFactory.getLogger(MoveLog.class);
    /** A busy host of 100 moves an hour can be asked about its last ten hours. */
    private static final int MOVES_MAX = 1000;

    private static final String SUFFIX = ".record.json";

    private final Path directory;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** What one move's source knows beside the state machine's record. */
    static final class Facts {
        volatile @Nullable Instant noticedAt;
        volatile boolean sharesClock;
        final CountDownLatch begun = new CountDownLatch(1);
        volatile @Nullable Long linkBytesAtReserve;
        volatile @Nullable Long linkBytesAtRelease;
    }

    private record Entry(
            @Nullable MoveRecord record,
            Facts facts,
            @Nullable Move ended) {}

    MoveLog(Path directory) throws IOException {
        this.directory = directory;
        try (Stream<Path> files = Files.list(directory)) {
            files.filter(file -> file.toString().endsWith(SUFFIX))
                    .map(MoveLog::read)
                    .filter(move -> move != null)
                    .sorted(Comparator.comparing(Move::startedAt))
                    .forEach(move -> entries.put(move.id(), new Entry(null, new Facts(), move)));
        }
        evict();
    }

    private static @Nullable Move read(Path file) {
        try {
            return Json.read(Files.readAllBytes(file), Move.class);
        } catch (IOException | RuntimeException e) {
            log.warn("{} can't be read and its move is not shown: {}", file, e.getMessage());
            return null;
        }
    }

    /** Facts that the source adds to as they come. */
    synchronized Facts facts(String moveId) {
        Entry entry = entries.get(moveId);
        return entry == null ? new Facts() : entry.facts();
    }

    /** Makes a move known before its first state. */
    synchronized void expect(String moveId, Facts facts) {
        entries.put(moveId, new Entry(null, facts, null));
        evict();
    }

    /** The oldest goes, at either end of a move: a host that only takes VMs in would keep them all. */
    private void evict() {
        while (entries.size() > MOVES_MAX) {
            String oldest = entries.keySet().iterator().next();
            entries.remove(oldest);
            try {
                Files.deleteIfExists(directory.resolve(oldest + SUFFIX));
            } catch (IOException e) {
                log.warn("the record of move {} could not be removed: {}", oldest, e.getMessage());
            }
        }
    }

    /** The move entered a state. */
    synchronized void entered(MoveRecord record) {
        Entry entry = entries.get(record.moveId());
        Facts facts = entry == null ? new Facts() : entry.facts();
        Move ended = record.state().isTerminal() ? view(record, facts) : null;
        entries.put(record.moveId(), new Entry(record, facts, ended));
        evict();
        facts.begun.countDown();
        if (ended != null) {
            try {
                Files.writeString(directory.resolve(ended.id() + SUFFIX), Json.line(ended));
            } catch (JacksonException e) {
                throw new IllegalStateException("a move's record is always JSON", e);
            } catch (IOException e) {
                log.warn("the record of move {} could not be kept: {}", ended.id(), e.getMessage());
            }
        }
    }

    /** A move by its id. */
    synchronized Move move(String moveId) {
        Entry entry = entries.get(moveId);
        if (entry == null || (entry.record() == null && entry.ended() == null)) {
            throw new NotFound(
                    "This host took part in no move " + moveId + "; 'godwit move list' shows those it knows.");
        }
        return show(entry);
    }

    /** All that are kept, oldest first. */
    synchronized List<Move> moves() {
        List<Move> all = new ArrayList<>();
        for (Entry entry : entries.values()) {
            if (entry.record() != null || entry.ended() != null) {
                all.add(show(entry));
            }
        }
        return all;
    }

    private static Move show(Entry entry) {
        if (entry.ended() != null) {
            return entry.ended();
        }
        MoveRecord record = entry.record();
        if (record == null) {
            throw new IllegalStateException("an entry is shown only with a record");
        }
        return view(record, entry.facts());
    }

    static Move view(MoveRecord record, Facts facts) {
        Instant begun = record.history().getFirst().at();
        List<MoveStep> steps = new ArrayList<>();
        for (var step : record.history()) {
            steps.add(new MoveStep(
                    state(step.state(), record),
                    Duration.between(begun, step.at()).toMillis()));
        }
        boolean source = record.side() == MoveSide.SOURCE;
        Long linkFrom = facts.linkBytesAtReserve;
        Long linkTo = facts.linkBytesAtRelease;
        return new Move(
                record.moveId(),
                record.vmId(),
                record.reservation().from(),
                record.reservation().to(),
                steps.getLast().state(),
                begun,
                steps,
                millisBetween(begun, enteredAt(record, dev.godwit.move.MoveState.RESUME)),
                millisBetween(facts.noticedAt, enteredAt(record, dev.godwit.move.MoveState.RELEASE)),
                new Blackout(facts.sharesClock ? millis(record.pausedAtNanos(), record.resumedAtNanos()) : null),
                source ? record.rounds() : null,
                source
                        ? new BytesSent(
                                record.bytes().memoryBytes(),
                                record.bytes().diskBytes(),
                                record.bytes().stateBytes())
                        : null,
                linkFrom == null || linkTo == null ? null : linkTo - linkFrom,
                new PlannedMove(
                        MoveMode.valueOf(record.planned().mode().name()),
                        record.planned().predicted().toMillis()),
                record.why().isEmpty() ? null : record.why());
    }

    /** A state as the API names it. */
    static MoveState state(dev.godwit.move.MoveState state, MoveRecord record) {
        return switch (state) {
            case ROLLED_BACK ->
                record.entered(dev.godwit.move.MoveState.STREAM) ? MoveState.ROLLED_BACK : MoveState.REFUSED;
            default -> MoveState.valueOf(state.name());
        };
    }

    private static @Nullable Instant enteredAt(MoveRecord record, dev.godwit.move.MoveState state) {
        return record.enteredAt(state).orElse(null);
    }

    private static @Nullable Double millisBetween(@Nullable Instant from, @Nullable Instant to) {
        return from == null || to == null ? null : Duration.between(from, to).toNanos() / 1e6;
    }

    private static @Nullable Double millis(OptionalLong from, OptionalLong to) {
        return from.isEmpty() || to.isEmpty() ? null : (to.getAsLong() - from.getAsLong()) / 1e6;
    }
}
