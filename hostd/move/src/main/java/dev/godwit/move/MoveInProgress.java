package dev.godwit.move;

/** A move was asked for a VM that is on the move already. */
public final class MoveInProgress extends Exception {
    private final String runningMoveId;

    public MoveInProgress(String vmId, String runningMoveId) {
        super("vm " + vmId + " is on the move already (move " + runningMoveId
                + "); wait until that one ends and ask again");
        this.runningMoveId = runningMoveId;
    }

    /** The move that runs. */
    public String runningMoveId() {
        return runningMoveId;
    }
}
