package dev.godwit.move;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * What a start of hostd does about the moves that were open when it ended. Take {@link #openMoves} before the peer wire and
 * the REST API answer, so that no move of these VMs can begin; then resolve each on a thread of its own: one that is in
 * doubt holds no other up.
 */
public final class MoveRecovery {
    private static final String RESTARTED = "hostd of the source was restarted during the move";

    private final MoveHost host;
    private final Function<MoveRecord, SourcePorts> sourcePorts;
    private final TargetMoves targets;

    /**
     * @param sourcePorts gives the ports of a move of which this host is the source; its VM is to be taken back first
     */
    public MoveRecovery(MoveHost host, Function<MoveRecord, SourcePorts> sourcePorts, TargetMoves targets) {
        this.host = host;
        this.sourcePorts = sourcePorts;
        this.targets = targets;
    }

    /** A move that has not ended. */
    @FunctionalInterface
    public interface OpenMove {
        /**
         * Ends it, or (a target that runs the VM and waits for the source to let go) brings it as far as this host can.
         * With a store that answers that takes less than 2 s; without one it waits for the store.
         *
         * @return the record as it then stands
         */
        MoveRecord resolve() throws InterruptedException;
    }

    /** The open moves of the journal, their VMs' places taken. */
    public List<OpenMove> openMoves() throws IOException {
        List<OpenMove> open = new ArrayList<>();
        for (MoveRecord record : host.journal().openMoves()) {
            try {
                host.inProgress().begin(record.vmId(), record.moveId());
            } catch (MoveInProgress two) {
                throw new IllegalStateException(
                        "the journal of host " + host.hostId() + " has two open moves: " + two.getMessage(), two);
            }
            open.add(record.side() == MoveSide.SOURCE ? asSource(record) : asTarget(record));
        }
        return open;
    }

    private OpenMove asSource(MoveRecord record) {
        SourceSettlement settlement =
                new SourceSettlement(host, sourcePorts.apply(record), MoveProgress.recalled(host, record));
        return () -> settlement.closing(
                switch (record.state()) {
                    case RESERVE, STREAM, SWITCH -> settlement.stay(RESTARTED);
                    case CUTOVER, COMMIT, ROLLING_BACK, IN_DOUBT -> settlement.takeBack(RESTARTED);
                    case RESUME -> settlement.follow();
                    case DRAIN, RELEASE -> settlement.release();
                    case DONE, ROLLED_BACK, LOST -> record;
                });
    }

    private OpenMove asTarget(MoveRecord record) {
        TargetMove move = targets.recall(record);
        return () -> {
            move.resolve();
            return move.record();
        };
    }
}
