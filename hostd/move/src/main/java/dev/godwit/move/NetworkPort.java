package dev.godwit.move;

import java.io.IOException;

/**
 * The VM's place in the network, as the source of one move turns it: behind which host its packets go. Made for one move.
 * Every call may be repeated without harm, also by a hostd that was started in between; each ends within a bounded time,
 * however many hosts are silent. Source of the order: design §8.
 */
public interface NetworkPort {
    /** A network that learns by itself where a VM answers, for example a bridge that sees its announcement. */
    NetworkPort NONE = new NetworkPort() {
        @Override
        public void switchOver() {}

        @Override
        public void switchBack() {}

        @Override
        public void drain() {}
    };

    /**
     * What is sent to the VM goes to the target from now on and waits there, in order. Returns when the guest, which runs
     * here, has taken all that had come here; so it may be paused, and no packet is left behind. What the guest sends
     * still goes out from here.
     *
     * @throws IOException it is not turned, or only in part: {@link #switchBack} brings it back
     */
    void switchOver() throws IOException, InterruptedException;

    /**
     * What is sent to the VM comes here again, and so does what waits at the target. Called while the guest runs, as soon
     * as it may, and before the target is told that the move is given up. Does no harm if nothing was ever turned.
     *
     * @throws IOException packets for the VM may still go astray; it is to be called again
     */
    void switchBack() throws IOException, InterruptedException;

    /** The VM runs at the target. Returns when what was still on its way to this host is through. */
    void drain() throws IOException, InterruptedException;
}
