package dev.godwit.move;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** One move at a time per VM on this host, whichever end it is. Thread-safe. */
public final class MovesInProgress {
    private final ConcurrentHashMap<String, String> moveByVm = new ConcurrentHashMap<>();

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
    }

    /** The move that a VM is on, if any. */
    public Optional<String> moveOf(String vmId) {
        return Optional.ofNullable(moveByVm.get(vmId));
    }
}
