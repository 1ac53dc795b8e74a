package dev.godwit.move;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** One move at a time per VM on this host, whichever end it is. Thread-safe. */
public final class MovesInProgress {
    private final ConcurrentHashMap<String, String> moveByVm = new ConcurrentHashMap<>();
    private final Set<String> writtenOff = ConcurrentHashMap.newKeySet();

    /**
     * Takes the VM's place for a move; taking it again for the same move is allowed.
     *
     * @throws MoveInProgress another move has it
     */
    public void begin(String vmId, String moveId) throws MoveInProgress {
        String running = moveByVm.putIfAbsent(vmId, moveId);
        if (running != null && !running.equals(moveId)) {
            throw new MoveInProgress(vmId, running);
        }
    }

    /** Gives the place back. */
    public void end(String vmId, String moveId) {
        moveByVm.remove(vmId, moveId);
        writtenOff.remove(moveId);
    }

    /**
     * An operator says that the target of the VM's move is gone for good. Only a source that waits for a target which owns
     * the VM hears it: its move ends LOST within seconds, and its place is free. Nothing else is touched by it.
     *
     * @return the move, empty when there is none
     */
    public Optional<String> writeOffTarget(String vmId) {
        Optional<String> moveId = moveOf(vmId);
        moveId.ifPresent(writtenOff::add);
        return moveId;
    }

    boolean isTargetWrittenOff(String moveId) {
        return writtenOff.contains(moveId);
    }

    /** The move that a VM is on, if any. */
    public Optional<String> moveOf(String vmId) {
        return Optional.ofNullable(moveByVm.get(vmId));
    }
}
