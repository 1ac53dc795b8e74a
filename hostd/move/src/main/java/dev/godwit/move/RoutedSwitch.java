package dev.godwit.move;

import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The order in which a VM's address is turned in a routed network, so that nothing is lost, doubled or reordered. Measured
 * with real guests: the others first and this host last (the other way round reorders), and the guest runs until its queue
 * is empty (a pause with a queue that is not loses two packets).
 */
public final class RoutedSwitch implements NetworkPort {
    private static final Logger LOG = LoggerFactory.getLogger(RoutedSwitch.class);
    /** What an edge had sent before it answered is here within it; 1 ms sufficed in 300 moves. */
    private static final Duration ON_ITS_WAY = Duration.ofMillis(1);
    /** Longer than any packet is on its way between two hosts that still answer each other. */
    private static final Duration STRAGGLERS = Duration.ofMillis(20);
    /** A flood never lets a queue become empty; what still waits then is fetched after the turn, a little late. */
    private static final int FETCHES_MOST = 8;
    /** With the pauses between them about 10 s: a hostd that is started anew answers within 2. */
    private static final int FETCH_TRIES = 15;

    private final MoveHost host;
    private final Reservation reservation;
    private final SwitchSteps steps;
    private long turn;

    public RoutedSwitch(MoveHost host, Reservation reservation, SwitchSteps steps) {
        this.host = host;
        this.reservation = reservation;
        this.steps = steps;
    }

    @Override
    public void switchOver() throws IOException, InterruptedException {
        steps.requireHold();
        steps.tell(reservation.to(), nextTurn());
        host.clock().sleep(ON_ITS_WAY);
        steps.forward();
        steps.drain();
    }

    @Override
    public void switchBack() throws IOException, InterruptedException {
        // Until this host delivers again it passes on to the target: so nothing overtakes what waits there.
        steps.tell(reservation.from(), nextTurn());
        host.clock().sleep(ON_ITS_WAY);
        try {
            for (int fetches = 0; steps.fetch(false) > 0 && fetches < FETCHES_MOST; fetches++) {}
        } catch (IOException silent) {
            Interruption.rethrow();
            LOG.info("move {}: {}", reservation.moveId(), silent.getMessage());
        }
        steps.deliver();
        // What this host passed on just now is to wait there and be fetched: passed on once more it would be dropped.
        host.clock().sleep(STRAGGLERS);
        fetchTheRest();
    }

    @Override
    public void drain() throws InterruptedException {
        // The others were told in the turn, and by now the record tells them; this host's word counts no longer.
        host.clock().sleep(STRAGGLERS);
    }

    /** Nothing but these packets and the target's abort waits for it: a hostd that starts anew has the time to answer. */
    private void fetchTheRest() throws InterruptedException {
        Backoff backoff = new Backoff(host);
        for (int tries = 1; ; tries++) {
            try {
                steps.fetch(true);
                return;
            } catch (IOException e) {
                Interruption.rethrow();
                if (tries == FETCH_TRIES) {
                    LOG.warn(
                            "move {} of vm {}: packets that wait at host {} can't be fetched and are lost: {}",
                            reservation.moveId(),
                            reservation.vmId(),
                            reservation.to(),
                            e.getMessage());
                    steps.abandon();
                    return;
                }
            }
            backoff.pause();
        }
    }

    /** Later than every word of an earlier hostd, as far as the clock goes forward. */
    private long nextTurn() {
        var now = host.clock().now();
        turn = Math.max(turn + 1, now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000);
        return turn;
    }
}
