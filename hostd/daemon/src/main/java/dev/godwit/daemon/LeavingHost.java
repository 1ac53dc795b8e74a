package dev.godwit.daemon;

import dev.godwit.move.MoveRecord;
import dev.godwit.policy.Action;
import dev.godwit.policy.Candidate;
import dev.godwit.policy.VmLoad;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What an evacuation asks of the host that it empties. */
interface LeavingHost {
    /** VMs that have to go and can: running, being made, or on their way here. */
    List<String> movable();

    /** VMs that no move takes along though their disks are here: stopped or lost ones, by name. */
    List<String> staying();

    /** Gives up what is on its way here and not committed; its VMs stay where they are. */
    void turnAway(String why);

    /** What each VM weighs that could begin to move now; one that can't be measured counts as the worst. */
    List<VmLoad> loads();

    /** All other hosts. */
    List<Candidate> candidates() throws IOException;

    /** Begins a move as planned; what forbids it is thrown, what fails later is in the record that it ends with. */
    CompletableFuture<MoveRecord> move(Action.Move planned) throws IOException;
}
