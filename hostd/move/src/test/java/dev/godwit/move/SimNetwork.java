package dev.godwit.move;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * An edge that sends numbered packets to the VM, a path to each machine, and each machine's kernel: its port with the tap's
 * queue outlives its hostd. Every packet must come to the guest once, whoever runs it then.
 */
final class SimNetwork {
    enum State {
        /** No port: what comes goes on to the other host, once. */
        ABSENT,
        /** What comes waits in the tap's queue; a guest that runs takes it from there. */
        OPEN,
        /** What comes goes on to the other host, once. */
        FORWARD
    }

    static final class Packet {
        final int number;
        /** Where it has been, for the message about its loss. */
        final StringBuilder trail = new StringBuilder();

        boolean forwarded;
        long arrivesAtNanos;
        /** In a hostd's hands, between two queues: its death may lose or double it. */
        boolean inHands;

        Packet(int number) {
            this.number = number;
        }
    }

    /** What one guest has taken; it moves with the guest. */
    static final class Taken {
        final BitSet numbers;
        int newest;

        Taken() {
            this(new BitSet(), -1);
        }

        private Taken(BitSet numbers, int newest) {
            this.numbers = numbers;
            this.newest = newest;
        }

        Taken copy() {
            return new Taken((BitSet) numbers.clone(), newest);
        }
    }

    /**
     * What a hostd has drained from a queue for the source of a move, from the first place on.
     *
     * @param count the places are those of this count: a hostd that was started anew begins another
     */
    record Held(int count, int first, List<Packet> packets) {}

    private static final class Port {
        State state = State.ABSENT;
        final Deque<Packet> queue = new ArrayDeque<>();
        final Deque<Packet> path = new ArrayDeque<>();
        /** Drained for the source, which has not said that it came. */
        final List<Packet> held = new ArrayList<>();

        int heldFirst;
        int count;
        String move = "";
        /** Whether this move's target waits no longer. */
        boolean arrived;

        boolean released;

        void beginCount() {
            held.clear();
            heldFirst = 0;
            count++;
        }
    }

    private static final long PATH_NANOS_MOST = 900_000;
    private static final int LOOKS_MOST = 50;
    private static final int PACKETS_OF_TEN_STEPS = 4;

    private final SimWorld world;
    private final Port portOfA = new Port();
    private final Port portOfB = new Port();
    private final List<Port> ports = List.of(portOfA, portOfB);
    private final List<Packet> all = new ArrayList<>();
    private final BitSet excused = new BitSet();
    private int arrivedAfterRelease;
    private int reordered;
    private boolean mayReorder;

    // What the edge believes: the record that it watches, and a direct word under the same fence.
    private Ownership record;
    private String word;
    private long wordFence;
    private long wordTurn;

    SimNetwork(SimWorld world, Ownership first) {
        this.world = world;
        this.record = first;
        this.word = first.owner();
        this.wordFence = first.fence();
        port(first.owner()).state = State.OPEN;
    }

    private Port port(String machine) {
        return machine.equals("a") ? portOfA : portOfB;
    }

    // What a machine's hostd does to its kernel

    void open(String machine) {
        port(machine).state = State.OPEN;
        port(machine).released = false;
    }

    /** The target's part of a move begins; what comes is passed on as before. */
    void prepare(String machine, String move) {
        Port port = port(machine);
        if (!port.move.equals(move)) {
            port.move = move;
            port.arrived = false;
            port.beginCount();
            port.state = State.ABSENT;
            port.released = false;
        }
    }

    /** The VM runs here. */
    void runs(String machine) {
        open(machine);
        port(machine).arrived = true;
    }

    /** The port goes with the copy that was moved away; what waits in it is lost. */
    void release(String machine) {
        Port port = port(machine);
        port.queue.forEach(p -> note(p, "released with", port));
        port.queue.clear();
        port.state = State.ABSENT;
        port.released = true;
    }

    /** A VMM that is told to stop while packets wait takes some of them to its grave. */
    void stop(String machine) {
        Packet lost = port(machine).queue.poll();
        if (lost != null) {
            note(lost, "stopped with", port(machine));
        }
    }

    /** The source has given the move up and, by its own word, fetched what waits: nobody asks for it again. */
    void sourceLetGo(String machine, String move) {
        Port port = port(machine);
        if (port.move.equals(move)) {
            port.queue.forEach(p -> note(p, "let go with", port));
            port.queue.clear();
        }
    }

    /** The machine dies: a new one has no port. */
    void reboot(String machine) {
        release(machine);
        port(machine).held.clear();
    }

    /** A hostd dies with what it has in its hands: that may be lost, or come twice. */
    void hostdDies(String machine) {
        Port own = port(machine);
        ports.stream()
                .flatMap(port -> port.held.stream())
                .filter(p -> p.inHands)
                .forEach(p -> excused.set(p.number));
        own.beginCount();
    }

    /** At the target: what waits, from the place on that the source names; {@code last} passes on what comes later. */
    private Held held(String machine, String move, int count, int from, boolean last) {
        Port port = port(machine);
        if (!port.move.equals(move)) {
            return new Held(count, from, List.of());
        }
        while (count == port.count && port.heldFirst < from && !port.held.isEmpty()) {
            port.held.removeFirst().inHands = false;
            port.heldFirst++;
        }
        if (last) {
            port.arrived = true;
            port.state = State.FORWARD;
        }
        port.held.addAll(port.queue);
        port.queue.clear();
        port.held.forEach(p -> {
            p.inHands = true;
            note(p, "held by", port);
        });
        return new Held(port.count, port.heldFirst, List.copyOf(port.held));
    }

    // The edge

    void tellEdge(String machine, long fence, long turn) {
        if (fence > wordFence || fence == wordFence && turn > wordTurn) {
            word = machine;
            wordFence = fence;
            wordTurn = turn;
        }
    }

    void written(Ownership now) {
        if (now.fence() > record.fence()) {
            record = now;
        }
    }

    private String edgeSendsTo() {
        return wordFence >= record.fence() ? word : record.owner();
    }

    // Time passes

    /** After each step of the world. */
    void pass(boolean sends) {
        if (sends && world.scheduler.random.nextInt(10) < PACKETS_OF_TEN_STEPS) {
            Packet packet = new Packet(all.size());
            all.add(packet);
            send(port(edgeSendsTo()), packet);
        }
        for (Port port : ports) {
            while (!port.path.isEmpty() && port.path.getFirst().arrivesAtNanos <= world.scheduler.nowNanos()) {
                arrive(port, port.path.remove());
            }
        }
        for (SimMachine machine : world.machines()) {
            SimMachine.Copy running = machine.runningCopy();
            Port port = port(machine.id);
            if (running != null && port.state != State.ABSENT && world.scheduler.random.nextInt(4) > 0) {
                take(running.taken, port);
            }
        }
    }

    private void note(Packet packet, String what, Port port) {
        packet.trail
                .append(world.scheduler.nowNanos() / 1_000_000)
                .append(' ')
                .append(what)
                .append(port == portOfA ? " a; " : " b; ");
    }

    private void send(Port to, Packet packet) {
        note(packet, "sent to", to);
        long newest = to.path.isEmpty() ? 0 : to.path.getLast().arrivesAtNanos;
        packet.arrivesAtNanos =
                Math.max(newest, world.scheduler.nowNanos() + world.scheduler.random.nextLong(PATH_NANOS_MOST));
        to.path.add(packet);
    }

    private void arrive(Port port, Packet packet) {
        if (port.released) {
            arrivedAfterRelease++;
        }
        note(packet, port.state.toString(), port);
        if (port.state == State.OPEN) {
            port.queue.add(packet);
        } else if (!packet.forwarded) {
            packet.forwarded = true;
            send(port == portOfA ? portOfB : portOfA, packet);
        }
    }

    private void take(Taken taken, Port port) {
        for (Iterator<Packet> it = port.queue.iterator(); it.hasNext(); ) {
            Packet packet = it.next();
            it.remove();
            note(packet, "taken at", port);
            world.require(
                    !taken.numbers.get(packet.number) || excused.get(packet.number),
                    "packet " + packet.number + " came twice");
            reordered += packet.number < taken.newest ? 1 : 0;
            taken.newest = Math.max(taken.newest, packet.number);
            taken.numbers.set(packet.number);
        }
    }

    // The end

    /** Whether nothing is on its way to a host, nor waits at the one that runs the VM. */
    boolean isQuiet(String owner) {
        return ports.stream().allMatch(p -> p.path.isEmpty())
                && port(owner).queue.isEmpty();
    }

    int arrivedAfterRelease() {
        return arrivedAfterRelease;
    }

    void checkAllCame(Taken taken, boolean inOrder) {
        for (int i = 0; i < all.size(); i++) {
            world.require(
                    taken.numbers.get(i) || excused.get(i),
                    "packet " + i + " of " + all.size() + " is lost (" + all.get(i).trail + "): " + this);
        }
        world.require(!inOrder || mayReorder || reordered == 0, reordered + " packets came out of order");
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("edge sends to " + edgeSendsTo());
        ports.forEach(port -> text.append(port == portOfA ? ", a " : ", b ")
                .append(port.state)
                .append(" with ")
                .append(port.queue.stream().map(p -> p.number).toList())
                .append(" and held ")
                .append(port.held.stream().map(p -> p.number).toList()));
        return text.toString();
    }

    /** The verbs of a turn, as one hostd at the source of one move has them. */
    final class Steps implements SwitchSteps {
        private final SimMachine here;
        private final Reservation reservation;
        private int next;
        private int count;

        Steps(SimMachine here, Reservation reservation) {
            this.here = here;
            this.reservation = reservation;
        }

        @Override
        public void requireHold() throws IOException {
            world.call(here, world.other(here), "hold? " + reservation.moveId(), targets -> {
                Port there = port(reservation.to());
                if (!there.move.equals(reservation.moveId()) || there.arrived) {
                    throw new IOException("it does not hold for " + reservation.moveId());
                }
                open(reservation.to());
                return true;
            });
        }

        @Override
        public void tell(String hostId, long turn) throws IOException {
            world.portCall(here);
            SimFaults faults = world.faults();
            Ownership now = world.store.truth();
            long fence = now.owner().equals(here.id) ? now.fence() : reservation.fence();
            if (world.fault(faults.late())) {
                long delay = world.scheduler.random.nextLong(12_000_000_000L);
                world.later("late word", delay, () -> tellEdge(hostId, fence, turn));
            } else if (!world.fault(faults.requestLost())) {
                tellEdge(hostId, fence, turn);
            }
            world.step();
        }

        @Override
        public void forward() throws IOException {
            world.portCall(here);
            port(here.id).state = State.FORWARD;
        }

        @Override
        public void deliver() throws IOException {
            world.portCall(here);
            open(here.id);
        }

        @Override
        public void drain() throws IOException {
            world.portCall(here);
            Port port = port(here.id);
            for (int looks = 0; !port.queue.isEmpty(); looks++) {
                if (looks == LOOKS_MOST) {
                    mayReorder = true;
                    port(reservation.to()).queue.addAll(port.queue);
                    port.queue.clear();
                }
                world.scheduler.sleep(300_000);
            }
        }

        @Override
        public int fetch(boolean last) throws IOException {
            mayReorder = true;
            int from = next;
            int of = count;
            Held came = (Held) world.call(
                    here,
                    world.other(here),
                    "held " + reservation.moveId(),
                    targets -> held(reservation.to(), reservation.moveId(), of, from, last));
            count = came.count();
            next = came.first() + came.packets().size();
            port(here.id).queue.addAll(came.packets());
            return came.packets().size();
        }

        @Override
        public void abandon() {
            Port port = port(reservation.to());
            port.held.forEach(p -> excused.set(p.number));
            port.queue.forEach(p -> excused.set(p.number));
        }
    }
}
