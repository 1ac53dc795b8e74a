package dev.godwit.move;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A machine: its disk and its VM processes outlive its hostd, which dies and starts again. */
final class SimMachine implements VmPort, IncomingVmPort {
    /** A VM process: what the guest has written, and whether it runs. */
    static final class Copy {
        boolean running;
        boolean loaded;
        boolean fenced;
        long written;
        SimNetwork.Taken taken = new SimNetwork.Taken();
    }

    final String id;
    private final SimWorld world;
    final SimJournal journal;

    @Nullable
    Copy local;

    final Map<String, Copy> incoming = new HashMap<>();
    SimScheduler.@Nullable Life life;

    @Nullable
    TargetMoves serving;

    private int moveCount;

    SimMachine(String id, SimWorld world) {
        this.id = id;
        this.world = world;
        this.journal = new SimJournal(world);
    }

    // hostd

    void startHostd() {
        SimScheduler.Life born = world.newLife();
        life = born;
        world.scheduler.spawn("hostd " + id, born, () -> {
            try {
                MoveHost host = new MoveHost(
                        id, journal, new MovesInProgress(), world::entered, new SimClock(), world.limits());
                TargetMoves targets = new TargetMoves(host, world.ownershipOf(id), this);
                List<MoveRecovery.OpenMove> open =
                        new MoveRecovery(host, record -> ports(host, record.reservation()), targets).openMoves();
                for (MoveRecovery.OpenMove move : open) {
                    world.scheduler.spawn("recovery " + id, born, () -> orRestart(move::resolve));
                }
                serving = targets;
                world.scheduler.spawn("leases " + id, born, () -> {
                    while (true) {
                        world.scheduler.sleep(1_000_000_000L);
                        orRestart(() -> {
                            targets.endAbandoned();
                            return 0;
                        });
                    }
                });
                world.scheduler.spawn("moves " + id, born, () -> moveAway(host));
            } catch (IOException diskFull) {
                world.crash(this, false);
                world.step();
            }
        });
    }

    private void orRestart(java.util.concurrent.Callable<?> work) throws Exception {
        try {
            work.call();
        } catch (IOException staysOpen) {
            world.crash(this, false);
            world.step();
        }
    }

    /** Somebody keeps asking for moves of the VM while it is here. */
    private void moveAway(MoveHost host) throws Exception {
        while (true) {
            world.scheduler.sleep(200_000_000L + world.scheduler.random.nextLong(2_000_000_000L));
            Copy vm = local;
            Ownership owner = world.store.truth();
            if (vm == null || !vm.running || !owner.owner().equals(id) || !world.wantsAnotherMove()) {
                continue;
            }
            String moveId = "m-" + id + "-" + ++moveCount;
            Reservation reservation = new Reservation(moveId, "vm", id, world.other(this).id, owner.fence(), "{}");
            orRestart(() -> {
                try {
                    return new SourceMove(
                                    host,
                                    reservation,
                                    new PlannedMove(PlannedMove.Mode.PRE_COPY, Duration.ofSeconds(1)),
                                    ports(host, reservation),
                                    new SimStream(reservation),
                                    r -> r.round() >= 2 ? Convergence.Decision.CUT_OVER : Convergence.Decision.GO_ON)
                            .run();
                } catch (MoveInProgress busy) {
                    return 0;
                }
            });
        }
    }

    private SourcePorts ports(MoveHost host, Reservation reservation) {
        NetworkPort network = new RoutedSwitch(host, reservation, world.network.new Steps(this, reservation));
        return new SourcePorts(
                new SimTargetPort(world, this, reservation),
                this,
                world.ownershipOf(id),
                world.networkOf(network, world.network.new Steps(this, reservation)));
    }

    @Nullable
    Copy runningCopy() {
        Copy here = local;
        if (here != null && here.running) {
            return here;
        }
        return incoming.values().stream()
                .filter(copy -> copy.running)
                .findFirst()
                .orElse(null);
    }

    private final class SimClock implements MoveClock {
        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(world.scheduler.nowNanos());
        }

        @Override
        public long nanos() {
            return world.scheduler.nowNanos();
        }

        @Override
        public void sleep(Duration duration) {
            world.scheduler.sleep(duration.toNanos());
        }
    }

    // The VM at the source

    @Override
    public void pause() throws IOException {
        world.portCall(this);
        world.require(open(MoveSide.SOURCE) == MoveState.CUTOVER, id + " pauses before CUTOVER is journalled");
        Copy copy = copy();
        if (copy.running) {
            copy.running = false;
            world.network.stop(id);
        }
    }

    @Override
    public void resume(long fence) throws IOException {
        world.portCall(this);
        MoveState state = open(MoveSide.SOURCE);
        world.require(
                state == MoveState.ROLLING_BACK || state == MoveState.IN_DOUBT || world.diskWasFull(),
                id + " resumes in " + state);
        run(copy(), fence);
        world.portCall(this); // it goes on, and the answer is lost
    }

    @Override
    public boolean isGone() {
        return local == null;
    }

    @Override
    public void saveState(Path listeningSocket) throws IOException {
        world.portCall(this);
    }

    @Override
    public void discard() throws IOException {
        world.portCall(this);
        world.require(!world.store.truth().owner().equals(id), id + " ends the copy that it owns");
        if (local != null) {
            world.requireRunsElsewhere(this);
        }
        local = null;
        world.network.release(id);
    }

    // The VM at the target

    @Override
    public void reserve(Reservation reservation) throws ReservationRefused, IOException {
        world.portCall(this);
        world.require(local == null, id + " reserves for a vm that is still here");
        incoming.put(reservation.moveId(), new Copy());
    }

    @Override
    public void prepare(Reservation reservation) throws IOException {
        world.portCall(this);
        copy(reservation);
        world.network.prepare(id, reservation.moveId());
    }

    @Override
    public void verify(Reservation reservation) throws IOException {
        world.portCall(this);
        copy(reservation);
    }

    @Override
    public void loadState(Reservation reservation) throws IOException {
        world.portCall(this);
        copy(reservation).loaded = true;
    }

    @Override
    public boolean isLoaded(Reservation reservation) throws IOException {
        world.portCall(this);
        Copy copy = incoming.get(reservation.moveId());
        return copy != null && copy.loaded;
    }

    @Override
    public boolean isGone(Reservation reservation) {
        return !incoming.containsKey(reservation.moveId());
    }

    @Override
    public long resume(Reservation reservation, long fence) throws IOException {
        world.portCall(this);
        MoveState state = open(MoveSide.TARGET);
        world.require(state == MoveState.RESUME || world.diskWasFull(), id + " lets an incoming vm run in " + state);
        Copy copy = copy(reservation);
        if (!copy.running) {
            world.require(copy.loaded, id + " runs a vm that is not loaded");
            world.require(copy.written == world.writtenByGuest(), "the guest's time goes back at " + id);
            run(copy, fence);
            world.network.runs(id);
            local = copy;
        }
        world.portCall(this); // it runs, and the answer is lost
        return world.scheduler.nowNanos();
    }

    @Override
    public void discard(Reservation reservation) throws IOException {
        world.portCall(this);
        Copy gone = incoming.remove(reservation.moveId());
        world.require(gone == null || !gone.running, id + " ends a running vm");
    }

    private void run(Copy copy, long fence) {
        Ownership owner = world.store.truth();
        world.require(
                owner.equals(new Ownership(id, fence)),
                id + " runs the vm under fence " + fence + " and the record says " + owner);
        copy.running = true;
    }

    private Copy copy() throws IOException {
        Copy copy = local;
        if (copy == null) {
            throw new IOException("no copy of the vm on " + id);
        }
        return copy;
    }

    private Copy copy(Reservation reservation) throws IOException {
        Copy copy = incoming.get(reservation.moveId());
        if (copy == null) {
            throw new IOException("no incoming copy of the vm on " + id);
        }
        return copy;
    }

    private @Nullable MoveState open(MoveSide side) {
        return journal.openMoves().stream()
                .filter(r -> r.side() == side)
                .map(MoveRecord::state)
                .findFirst()
                .orElse(null);
    }

    private final class SimStream implements StreamPort {
        private final Reservation reservation;
        private int rounds;

        SimStream(Reservation reservation) {
            this.reservation = reservation;
        }

        @Override
        public void start() throws IOException {
            world.portCall(SimMachine.this);
        }

        @Override
        public RoundReport round() throws IOException {
            world.portCall(SimMachine.this);
            world.scheduler.sleep(world.scheduler.random.nextLong(50_000_000L));
            return new RoundReport(++rounds, 4096, 4096, Duration.ofMillis(1));
        }

        @Override
        public void flushDisks() throws IOException {
            world.portCall(SimMachine.this);
            world.require(
                    local != null && local.running, "the flush of " + reservation.vmId() + " is for a running vm");
        }

        @Override
        public KeepingUp keepUp() throws IOException {
            world.portCall(SimMachine.this);
            return () -> world.portCall(SimMachine.this);
        }

        @Override
        public void sendRest(StateSource source) throws IOException {
            world.portCall(SimMachine.this);
            Copy here = local;
            world.require(here != null && !here.running, "the last round of " + id + " reads a running vm");
            Copy there = world.other(SimMachine.this).incoming.get(reservation.moveId());
            if (there == null || here == null) {
                throw new IOException("the target has no copy");
            }
            there.written = world.writtenByGuest();
            there.taken = here.taken.copy();
            world.portCall(SimMachine.this);
            source.saveState(Path.of("state.socket"));
        }

        @Override
        public void seal() throws IOException {
            SimMachine target = world.other(SimMachine.this);
            world.send(SimMachine.this, target, "seal", targets -> {
                targets.cutOver(reservation.moveId());
                return 0;
            });
        }

        @Override
        public BytesSent bytesSent() {
            return new BytesSent(rounds, 0, 0);
        }

        @Override
        public void close() {}
    }
}
