package dev.godwit.jenkins.broker;

import dev.godwit.api.Event;
import dev.godwit.api.Move;
import dev.godwit.api.MoveState;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.client.EventStream;
import dev.godwit.client.RequestFailed;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Follows the events of the fleet and tells what they mean for agents. Thread-safe. */
final class MoveWatch implements AutoCloseable {
    private static final long AGAIN_MILLIS = 1000;
    /** The record has the pause once the target has run for a moment. */
    private static final int RECORD_LOOKS = 20;

    private static final long RECORD_LOOK_MILLIS = 250;

    private final Fleet fleet;
    private final Ledger ledger;
    private final VmLookout lookout;
    private final Notices notices;
    private final Workers workers;
    private final InstantSource clock;
    private final Runnable onReturn;
    private final CountDownLatch closed = new CountDownLatch(1);
    private @Nullable EventStream stream;

    /** @param onReturn what happened unseen is to be found out */
    MoveWatch(
            Fleet fleet,
            Ledger ledger,
            VmLookout lookout,
            Notices notices,
            Workers workers,
            InstantSource clock,
            Runnable onReturn) {
        this.fleet = fleet;
        this.ledger = ledger;
        this.lookout = lookout;
        this.notices = notices;
        this.workers = workers;
        this.clock = clock;
        this.onReturn = onReturn;
    }

    void follow() {
        Workers.daemon(this::run, "godwit-broker-moves").start();
    }

    private void run() {
        String position = "";
        while (closed.getCount() > 0) {
            try (EventStream events = position.isEmpty()
                    ? fleet.client().events()
                    : fleet.client().eventsAfter(position)) {
                attach(events);
                try {
                    while (true) {
                        Event event = events.next();
                        fleet.answered();
                        take(event);
                    }
                } finally {
                    position = events.position();
                }
            } catch (IOException e) {
                if (closed.getCount() == 0) {
                    return;
                }
                fleet.failed(e);
            } catch (RuntimeException e) {
                fleet.failed(new IOException("the events can't be followed: " + e.getMessage(), e));
            }
            if (!pause(AGAIN_MILLIS)) {
                return;
            }
            if (!fleet.isSilent()) {
                onReturn.run();
            }
        }
    }

    private synchronized void attach(EventStream events) {
        stream = events;
        if (closed.getCount() == 0) {
            events.close();
        }
    }

    private boolean pause(long millis) {
        try {
            return !closed.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** An event of any VM of the fleet. */
    void take(Event event) {
        Agent agent = ledger.findByVm(event.vm()).orElse(null);
        if (agent == null) {
            return;
        }
        switch (event.type()) {
            case MOVING -> moving(agent, event);
            case MOVED -> moved(agent, event.move());
            case LOST -> lookout.checkSoon(agent, event.detail());
            case RELEASED -> {
                if (event.move() == null) { // a VM that is ended, and not a host that a move has left
                    lookout.checkSoon(agent, event.detail());
                }
            }
            default -> agent.wake();
        }
    }

    private void moving(Agent agent, Event event) {
        String move = event.move();
        MoveState state = event.state();
        if (move == null || state == null) {
            return;
        }
        switch (state) {
            case ROLLED_BACK, REFUSED ->
                stays(agent, move, event.detail() == null ? "it was " + state : event.detail());
            case LOST -> lookout.checkSoon(agent, event.detail());
            case DRAIN, RELEASE, DONE -> agent.wake(); // MOVED has told it
            default -> begins(agent, move);
        }
    }

    private void begins(Agent agent, String move) {
        String from = agent.host();
        if (agent.moveBegins(move)) {
            notices.tell(listener -> listener.moving(agent.node, from));
        }
    }

    private void stays(Agent agent, String move, String why) {
        String host = agent.host();
        boolean told = move.equals(agent.move());
        if (agent.moveEnds(move, new SeenMove(move, clock.instant(), host, host, null, why)) && told) {
            notices.tell(listener -> listener.movedBack(agent.node, host, why));
        }
    }

    /** The VM runs elsewhere; told with its pause once the record has it. */
    private void moved(Agent agent, @Nullable String move) {
        workers.run(() -> {
            Move record = move == null ? null : record(move);
            if (record == null) {
                findOut(agent, move);
            } else {
                arrived(agent, record);
            }
        });
    }

    private static @Nullable Double pausedMillis(Move record) {
        return record.blackoutMillis() == null ? null : record.blackoutMillis().hostd();
    }

    /** The record with the pause, or as it is at the move's end; null where nobody has it. */
    private @Nullable Move record(String move) {
        Move last = null;
        for (int look = 0; look < RECORD_LOOKS; look++) {
            try {
                last = fleet.client().moveRecord(move);
                if (pausedMillis(last) != null || last.ended()) {
                    return last;
                }
            } catch (RequestFailed unknown) {
                return last;
            } catch (IOException e) {
                fleet.failed(e);
            }
            if (!pause(RECORD_LOOK_MILLIS)) {
                return last;
            }
        }
        return last;
    }

    private void arrived(Agent agent, Move record) {
        Double paused = pausedMillis(record);
        SeenMove seen = new SeenMove(record.id(), clock.instant(), record.from(), record.to(), paused, null);
        if (agent.moveEnds(record.id(), seen)) {
            notices.tell(listener -> listener.moved(agent.node, record.from(), record.to(), paused));
        }
    }

    /** What hostd says of a VM now, which may differ from what the events said: some may have been missed. */
    void reconcile(Agent agent, Vm vm) {
        String move = agent.move();
        if (vm.state() == VmState.RUNNING && (move != null || !vm.host().equals(agent.host()))) {
            workers.run(() -> findOut(agent, move));
        } else if (vm.state() == VmState.MOVING && move == null) {
            workers.run(() -> findMove(agent, vm));
        }
    }

    /** A move whose beginning was told while nobody listened: the controller was restarted, or hostd was away. */
    private void findMove(Agent agent, Vm vm) {
        try {
            fleet.client().moves().stream()
                    .filter(move -> move.vm().equals(vm.id()) && !move.ended())
                    .max(Comparator.comparing(Move::startedAt))
                    .ifPresent(move -> begins(agent, move.id()));
        } catch (IOException e) {
            fleet.failed(e);
        }
    }

    /**
     * Tells where the VM runs unless the events do so meanwhile: what is asked here is asked after what they have told.
     *
     * @param move the one that is known to have begun
     */
    private void findOut(Agent agent, @Nullable String move) {
        String before = agent.host();
        try {
            Vm vm = lookout.look(agent).orElse(null);
            if (vm == null || vm.state() != VmState.RUNNING) {
                return; // the next census looks again
            }
            if (vm.host().equals(before)) {
                if (move != null) {
                    howItEnded(agent, move);
                }
            } else {
                foundAt(agent, vm, before, move);
            }
        } catch (IOException e) {
            fleet.failed(e);
        }
    }

    private void howItEnded(Agent agent, String move) throws IOException {
        try {
            Move record = fleet.client().moveRecord(move);
            if (failed(record)) {
                stays(agent, move, record.failure() == null ? "it was " + record.state() : record.failure());
            } else if (record.ended() && record.state() != MoveState.LOST) {
                arrived(agent, record);
            }
        } catch (RequestFailed unknown) {
            if (!Fleet.isGone(unknown)) {
                throw unknown;
            }
            stays(agent, move, "no host has a record of the move any more");
        }
    }

    private void foundAt(Agent agent, Vm vm, String before, @Nullable String move) throws IOException {
        String known = move == null ? lastMove(vm, before) : move;
        Move record = known == null ? null : record(known);
        if (record != null && record.to().equals(vm.host()) && !failed(record)) {
            arrived(agent, record);
        }
        String id = move != null && record == null ? move : ""; // nobody will tell how it ended
        SeenMove seen = new SeenMove(id, clock.instant(), before, vm.host(), null, null);
        if (agent.isFound(seen)) {
            notices.tell(listener -> listener.moved(agent.node, before, vm.host(), null));
        }
    }

    /** The move whose events may be still to come: they tell nothing new then. */
    private @Nullable String lastMove(Vm vm, String from) throws IOException {
        return fleet.client().moves().stream()
                .filter(move -> move.vm().equals(vm.id())
                        && move.from().equals(from)
                        && move.to().equals(vm.host())
                        && !failed(move))
                .max(Comparator.comparing(Move::startedAt))
                .map(Move::id)
                .orElse(null);
    }

    private static boolean failed(Move record) {
        return record.state() == MoveState.ROLLED_BACK || record.state() == MoveState.REFUSED;
    }

    @Override
    public void close() {
        closed.countDown();
        EventStream events;
        synchronized (this) {
            events = stream;
        }
        if (events != null) {
            events.close();
        }
    }
}
