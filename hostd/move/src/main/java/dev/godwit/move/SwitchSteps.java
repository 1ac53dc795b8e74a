package dev.godwit.move;

import java.io.IOException;

/** The single acts of which {@link RoutedSwitch} is made, for one VM at the source of one move. Each may be repeated. */
public interface SwitchSteps {
    /**
     * The target holds what comes for the VM from here on, and has what it needs to let answers pass. Nothing is turned
     * before this returns. Not earlier in the move: what the target's own VMs send would wait there all the time.
     *
     * @throws IOException the target does not wait for this move
     */
    void requireHold() throws IOException;

    /**
     * Tells every other host behind which one the VM answers, the edges first: nearly all that comes to a VM comes through
     * them. A host that is silent is left behind after a bounded wait: what it sends to the wrong host is passed on once.
     *
     * @param turn grows with every word that this host says of this VM under one fence; a host that knows a later word, or
     *     one under a later fence, keeps it
     */
    void tell(String hostId, long turn) throws IOException;

    /** What comes here for the VM is passed on to the target. */
    void forward() throws IOException;

    /** What comes here for the VM goes to its guest. */
    void deliver() throws IOException;

    /**
     * Returns when the running guest has taken everything that had come here. What it does not take in time is carried to
     * the target and waits there behind what waits already: late, and not lost.
     */
    void drain() throws IOException, InterruptedException;

    /**
     * Brings what waits at the target here, to the running guest, in order.
     *
     * @param last whether the target passes on what comes to it afterwards
     * @return how many packets came; 0 also when the target holds nothing for this move
     * @throws IOException the target does not answer
     */
    int fetch(boolean last) throws IOException;

    /** What waits at the target is given up: it was silent for too long. */
    void abandon();
}
