package dev.godwit.move;

import dev.godwit.move.MoveJournal.Durability;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one move stands at this host: the only place that changes its state. A transition is checked against the table,
 * journalled, logged and told, in this order, before the caller acts on it. One thread writes at a time; others may read.
 */
final class MoveProgress {
    private static final Logger LOG = LoggerFactory.getLogger(MoveProgress.class);

    private final MoveHost host;
    /** Entered inside the blackout: a line of the log and an event cost a millisecond or two, which are the guest's. */
    private final Queue<MoveRecord> untold = new ArrayDeque<>();

    private volatile MoveRecord record;

    private MoveProgress(MoveHost host, MoveRecord record) {
        this.host = host;
        this.record = record;
    }

    /** A new move, in RESERVE. */
    static MoveProgress begin(MoveHost host, Reservation reservation, MoveSide side, PlannedMove planned)
            throws IOException {
        MoveRecord first =
                MoveRecord.begin(reservation, side, planned, host.clock().now());
        host.journal().append(first, Durability.MACHINE);
        MoveProgress progress = new MoveProgress(host, first);
        progress.tell();
        return progress;
    }

    /** A move that was given up before it came, in one line: two lines could be cut apart and leave it open. */
    static void tombstone(MoveHost host, Reservation reservation, String why) throws IOException {
        PlannedMove unknown = new PlannedMove(PlannedMove.Mode.PRE_COPY, Duration.ZERO);
        MoveRecord ended = MoveRecord.begin(
                        reservation, MoveSide.TARGET, unknown, host.clock().now())
                .withWhy(why)
                .enter(MoveState.ROLLED_BACK, host.clock().now());
        host.journal().append(ended, Durability.MACHINE);
        new MoveProgress(host, ended).tell();
    }

    /** A move as the journal remembers it. */
    static MoveProgress recalled(MoveHost host, MoveRecord record) {
        return new MoveProgress(host, record);
    }

    MoveRecord record() {
        return record;
    }

    MoveState state() {
        return record.state();
    }

    /** Remembers what is no transition; it reaches the journal with the next one. */
    void note(UnaryOperator<MoveRecord> change) {
        record = change.apply(record);
    }

    /** Enters a state that must survive the death of the machine before it acts. */
    void enter(MoveState next) throws IOException {
        MoveRecord entered = record.enter(next, host.clock().now());
        host.journal().append(entered, Durability.MACHINE);
        record = entered;
        tell();
    }

    /**
     * Enters a state inside the blackout, where no rule needs the medium; callers say why. It is told with the next one, or
     * by {@link #tellAll}.
     */
    void enterWithoutSync(MoveState next) throws IOException {
        MoveRecord entered = record.enter(next, host.clock().now());
        host.journal().append(entered, Durability.PROCESS);
        record = entered;
        untold.add(entered);
    }

    /** Tells what was entered inside the blackout: it is over, or takes longer than it should. */
    void tellAll() {
        for (MoveRecord next = untold.poll(); next != null; next = untold.poll()) {
            tell(next);
        }
    }

    /**
     * Enters a state on a path that must go on even with a full disk, because recovery from the line before takes the same
     * path again.
     */
    void enterEvenUnjournalled(MoveState next) {
        try {
            enter(next);
        } catch (IOException e) {
            LOG.warn(
                    "move {} of vm {}: {} is not journalled and goes on, since a restart would come here again: {}",
                    record.moveId(),
                    record.vmId(),
                    next,
                    e.getMessage());
            record = record.enter(next, host.clock().now());
            tell();
        }
    }

    /**
     * Enters a state after which another move may begin, however long the journal takes: two open moves of one VM in a
     * journal could not be told apart by the next start.
     */
    void enterAtLast(MoveState next) throws InterruptedException {
        Backoff backoff = new Backoff(host);
        while (true) {
            try {
                enter(next);
                return;
            } catch (IOException e) {
                LOG.warn("move {} of vm {} waits for its journal: {}", record.moveId(), record.vmId(), e.getMessage());
                backoff.pause();
            }
        }
    }

    private void tell() {
        tellAll();
        tell(record);
    }

    private void tell(MoveRecord now) {
        Duration elapsed = now.elapsed();
        LOG.info(
                "move {} of vm {} {} -> {} ({}): {} after {} ms{}",
                now.moveId(),
                now.vmId(),
                now.reservation().from(),
                now.reservation().to(),
                now.side(),
                now.state(),
                elapsed.toMillis(),
                now.why().isEmpty() ? "" : ": " + now.why());
        host.events().entered(now, elapsed);
    }
}
