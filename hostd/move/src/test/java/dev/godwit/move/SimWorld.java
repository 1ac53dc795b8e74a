package dev.godwit.move;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/** Two machines, one fleet store, one VM, a seed; and what must hold after every single step. */
final class SimWorld {
    interface Request {
        Object handle(TargetMoves targets) throws Exception;
    }

    /** Where one machine's hostd dies for certain. */
    record Kill(String machine, long atStep) {}

    private static final long CALL_TIMEOUT_NANOS = 2_000_000_000L;
    private static final long FAULTS_END_NANOS = 60_000_000_000L;
    private static final long STEPS_MOST = 400_000;

    final SimScheduler scheduler;
    final SimStore store;
    final SimNetwork network;
    private final SimMachine a;
    private final SimMachine b;
    private final SimFaults faults;
    private final UnaryOperator<OwnershipPort> mutation;
    private final BiFunction<NetworkPort, SwitchSteps, NetworkPort> networkMutation;
    private final @Nullable Kill kill;
    private final int movesWanted;
    private final List<SimScheduler.Life> lives = new ArrayList<>();
    private final SimScheduler.Life nature;
    private final List<MoveRecord> transitions = new ArrayList<>();
    private int movesDone;
    private long written;
    private boolean diskWasFull;
    private boolean machineDied;
    private boolean copyDied;
    private long highestFence = 1;
    private long stepsOfKilled;
    private boolean killed;

    SimWorld(long seed, SimFaults faults, int movesWanted, UnaryOperator<OwnershipPort> mutation, @Nullable Kill kill) {
        this(seed, faults, movesWanted, mutation, (honest, steps) -> honest, kill);
    }

    /** @param networkMutation makes another port of the honest one and its steps */
    SimWorld(
            long seed,
            SimFaults faults,
            int movesWanted,
            UnaryOperator<OwnershipPort> mutation,
            BiFunction<NetworkPort, SwitchSteps, NetworkPort> networkMutation,
            @Nullable Kill kill) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        this.scheduler = new SimScheduler(random);
        this.faults = faults;
        this.movesWanted = movesWanted;
        this.mutation = mutation;
        this.networkMutation = networkMutation;
        this.kill = kill;
        this.nature = newLife();
        this.store = new SimStore(this, new Ownership("a", 1));
        this.network = new SimNetwork(this, new Ownership("a", 1));
        this.a = new SimMachine("a", this);
        this.b = new SimMachine("b", this);
        SimMachine.Copy vm = new SimMachine.Copy();
        vm.running = true;
        a.local = vm;
    }

    /** Runs to the end and checks it; the number of moves that ended DONE. */
    int run() {
        try {
            a.startHostd();
            b.startHostd();
            try {
                scheduler.run(this::isSettled, this::check, STEPS_MOST);
            } catch (AssertionError e) {
                throw new AssertionError(e.getMessage() + "\n" + this, e);
            }
            checkEnd();
            return movesDone;
        } finally {
            scheduler.end(lives);
        }
    }

    boolean killHappened() {
        return killed;
    }

    List<MoveRecord> transitions() {
        return transitions;
    }

    // Faults

    SimFaults faults() {
        return faults;
    }

    boolean faultsOn() {
        return scheduler.nowNanos() < FAULTS_END_NANOS;
    }

    boolean fault(int ofThousand) {
        return ofThousand > 0 && faultsOn() && scheduler.random.nextInt(1000) < ofThousand;
    }

    boolean diskWasFull() {
        return diskWasFull;
    }

    /** A moment at which anything may happen, the death of this hostd among it. */
    void step() {
        SimMachine here = machineOf(scheduler.life());
        if (here != null) {
            if (kill != null && here.id.equals(kill.machine()) && ++stepsOfKilled == kill.atStep()) {
                killed = true;
                crash(here, false);
            } else if (fault(faults.crash())) {
                crash(here, false);
            } else if (fault(faults.reboot())) {
                crash(here, true);
            }
        }
        scheduler.step();
    }

    void portCall(SimMachine machine) throws IOException {
        step();
        if (fault(faults.portFails())) {
            throw new IOException("injected failure on " + machine.id);
        }
    }

    void crash(SimMachine machine, boolean reboot) {
        SimScheduler.Life life = machine.life;
        if (life == null || life.dead) {
            return;
        }
        life.dead = true;
        machine.life = null;
        machine.serving = null;
        network.hostdDies(machine.id);
        if (reboot) {
            network.reboot(machine.id);
            machineDied = true;
            machine.local = null;
            machine.incoming.clear();
            machine.journal.loseWhatIsNotSynced();
        }
        if (fault(faults.vmmDies())) {
            copyDied |= machine.incoming.values().removeIf(copy -> !copy.running);
        }
        long down = reboot ? 20_000_000_000L : 100_000_000L + scheduler.random.nextLong(5_000_000_000L);
        later("restart of " + machine.id, down, machine::startHostd);
    }

    SimScheduler.Life newLife() {
        SimScheduler.Life life = new SimScheduler.Life();
        lives.add(life);
        return life;
    }

    void later(String what, long nanos, Runnable act) {
        scheduler.spawn(what, nature, () -> {
            scheduler.sleep(nanos);
            act.run();
        });
    }

    private @Nullable SimMachine machineOf(SimScheduler.Life life) {
        return life == a.life ? a : life == b.life ? b : null;
    }

    // The wire

    /** A request that needs no answer. */
    void send(SimMachine from, SimMachine to, String what, Request request) throws IOException {
        portCall(from);
        if (fault(faults.requestLost())) {
            return;
        }
        deliver(to, what, request, new Answer());
        if (fault(faults.duplicated())) {
            deliver(to, what + " again", request, new Answer());
        }
        step();
    }

    Object call(SimMachine from, SimMachine to, String what, Request request) throws IOException {
        step();
        if (to.serving == null) {
            throw new IOException("connection refused by " + to.id);
        }
        Answer answer = new Answer();
        if (!fault(faults.requestLost())) {
            deliver(to, what, request, answer);
        }
        if (fault(faults.duplicated())) {
            deliver(to, what + " again", request, new Answer());
        }
        boolean lost = fault(faults.answerLost());
        boolean came = scheduler.await(() -> answer.value != null && !lost, CALL_TIMEOUT_NANOS + 6_000_000_000L);
        step();
        if (!came || answer.value == null) {
            throw new IOException("no answer from " + to.id + " to " + what);
        }
        if (answer.value instanceof IOException failure) {
            throw new IOException("host " + to.id + ": " + failure.getMessage(), failure);
        }
        return answer.value;
    }

    private static final class Answer {
        @Nullable
        Object value;
    }

    private void deliver(SimMachine to, String what, Request request, Answer answer) {
        long delay = fault(faults.late())
                ? scheduler.random.nextLong(12_000_000_000L)
                : scheduler.random.nextLong(2_000_000L);
        later("wire: " + what, delay, () -> {
            TargetMoves targets = to.serving;
            SimScheduler.Life life = to.life;
            if (targets == null || life == null) {
                answer.value = new IOException("connection reset by " + to.id);
                return;
            }
            scheduler.spawn("peer " + to.id + ": " + what, life, () -> {
                try {
                    answer.value = request.handle(targets);
                } catch (IOException | ReservationRefused failure) {
                    answer.value = failure;
                }
            });
        });
    }

    // What the machines ask

    NetworkPort networkOf(NetworkPort honest, SwitchSteps steps) {
        return networkMutation.apply(honest, steps);
    }

    /** The fleet store's watch, which may be slow. */
    void tellWatchers(Ownership written) {
        long delay = scheduler.random.nextLong(fault(faults.late()) ? 5_000_000_000L : 50_000_000L);
        later("watch", delay, () -> network.written(written));
    }

    List<SimMachine> machines() {
        return List.of(a, b);
    }

    OwnershipPort ownershipOf(String machine) {
        return mutation.apply(new JournalFirst(machine));
    }

    /** Checks that a commit is journalled before it is sent. */
    private final class JournalFirst implements OwnershipPort {
        private final String machine;

        JournalFirst(String machine) {
            this.machine = machine;
        }

        @Override
        public java.util.Optional<Ownership> read(String vmId) throws OwnershipUnreadable {
            return store.read(vmId);
        }

        @Override
        public Ownership compareAndSet(String vmId, Ownership expected, String newOwner)
                throws OwnershipChanged, OwnershipOutcomeUnknown, OwnershipUnreadable {
            boolean commit = newOwner.equals(machine) && !expected.owner().equals(machine);
            SimMachine here = machine.equals("a") ? a : b;
            require(
                    !commit
                            || diskWasFull
                            || here.journal.openMoves().stream()
                                    .anyMatch(r -> r.side() == MoveSide.TARGET && r.entered(MoveState.COMMIT)),
                    machine + " commits before COMMIT is journalled");
            return store.compareAndSet(vmId, expected, newOwner);
        }
    }

    MoveLimits limits() {
        return new MoveLimits(
                Duration.ofSeconds(5),
                Duration.ofSeconds(1),
                Duration.ofMillis(20),
                Duration.ofSeconds(1),
                Duration.ofSeconds(8),
                2,
                5,
                Duration.ofSeconds(10));
    }

    SimMachine other(SimMachine machine) {
        return machine == a ? b : a;
    }

    boolean wantsAnotherMove() {
        return movesDone < movesWanted && !machineDied && !isLost();
    }

    void entered(MoveRecord record, Duration elapsed) {
        transitions.add(record);
        if (record.state() == MoveState.DONE && record.side() == MoveSide.SOURCE) {
            movesDone++;
        }
    }

    /** What the guest has written so far: it writes whenever it runs. */
    long writtenByGuest() {
        return written;
    }

    void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise + " at " + scheduler.nowNanos() / 1_000_000 + " ms");
        }
    }

    // What must hold

    private void check() {
        int running = runningCopies();
        require(running <= 1, running + " copies run");
        if (running == 1) {
            written++;
        }
        network.pass(!isSettledButForPackets());
        Ownership now = store.truth();
        require(now.fence() >= highestFence, "the fence fell from " + highestFence + " to " + now.fence());
        highestFence = now.fence();
    }

    boolean isLost() {
        return transitions.stream().anyMatch(r -> r.state() == MoveState.LOST);
    }

    /** Until the VM runs elsewhere the paused copy is its newest recovery point. */
    void requireRunsElsewhere(SimMachine machine) {
        require(runningCopies() == 1 || machineDied, machine.id + " ends its paused copy before the vm runs elsewhere");
    }

    private int runningCopies() {
        int running = 0;
        for (SimMachine machine : List.of(a, b)) {
            SimMachine.Copy local = machine.local;
            if (local != null && local.running) {
                running++;
            }
            for (SimMachine.Copy copy : machine.incoming.values()) {
                if (copy.running && copy != local) {
                    running++;
                }
            }
        }
        return running;
    }

    private boolean isSettled() {
        return isSettledButForPackets()
                && (machineDied || isLost() || network.isQuiet(store.truth().owner()));
    }

    private boolean isSettledButForPackets() {
        boolean faultsOver = faults.equals(SimFaults.NONE) || !faultsOn();
        return faultsOver
                && a.serving != null
                && b.serving != null
                && (movesDone >= movesWanted || machineDied || isLost())
                && a.journal.openMoves().isEmpty()
                && b.journal.openMoves().isEmpty()
                && (runningCopies() == 1 || machineDied || isLost());
    }

    private void checkEnd() {
        List<MoveRecord> ended = new ArrayList<>(a.journal.all());
        ended.addAll(b.journal.all());
        for (MoveRecord record : ended) {
            require(!record.why().contains("cannot go from"), record.why());
            for (int i = 1; i < record.history().size(); i++) {
                MoveState before = record.history().get(i - 1).state();
                MoveState after = record.history().get(i).state();
                require(before.allows(after), "the table has no " + before + " -> " + after);
            }
            require(
                    record.state() != MoveState.LOST || machineDied || copyDied,
                    "move " + record.moveId() + " lost the vm: " + record.why());
        }
        for (MoveRecord record : machineDied ? List.<MoveRecord>of() : ended) {
            Ownership commit = new Ownership(
                    record.reservation().to(), record.reservation().fence() + 1);
            require(
                    record.state() != MoveState.ROLLED_BACK
                            || !record.entered(MoveState.COMMIT)
                            || !store.writes().contains(commit),
                    "move " + record.moveId() + " was rolled back at its " + record.side() + " and committed");
        }
        if (!machineDied && !isLost()) {
            SimMachine owner = store.truth().owner().equals("a") ? a : b;
            SimMachine.Copy vm = owner.local;
            require(vm != null && vm.running, "the owner " + owner.id + " does not run the vm");
            require(other(owner).local == null, "host " + other(owner).id + " keeps a copy for ever");
            if (!copyDied && vm != null) {
                boolean calm = faults.equals(SimFaults.NONE) && kill == null;
                network.checkAllCame(vm.taken, calm);
                require(!calm || network.arrivedAfterRelease() == 0, "packets come to a host that has let go");
            }
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("record " + store.truth() + ", writes " + store.writes() + "\n");
        for (SimMachine machine : List.of(a, b)) {
            text.append(machine.id).append(": serving ").append(machine.serving != null);
            text.append(", local ").append(machine.local == null ? "none" : machine.local.running ? "runs" : "paused");
            text.append(", incoming ").append(machine.incoming.keySet()).append('\n');
            for (MoveRecord r : machine.journal.all()) {
                text.append("  ")
                        .append(r.moveId())
                        .append(' ')
                        .append(r.side())
                        .append(" fence ")
                        .append(r.reservation().fence());
                r.history()
                        .forEach(t ->
                                text.append(' ').append(t.state()).append('@').append(t.at().toEpochMilli()));
                text.append(' ').append(r.why()).append('\n');
            }
        }
        return text.toString();
    }

    void diskFull() {
        diskWasFull = true;
    }
}
