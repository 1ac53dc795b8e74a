package dev.godwit.jenkins.broker;

import dev.godwit.api.Vm;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the broker knows of one node. Thread-safe. */
final class Agent {
    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

    final String node;
    final String templateName;
    final int executors;
    final Instant since;
    /** Whether its VM may be made; an attached one's was there before. */
    final boolean mayCreate;
    /** Held by whoever starts or deletes: of one node both happen one after the other. */
    final ReentrantLock work = new ReentrantLock();

    private AgentState state = AgentState.RESERVED;
    private AgentState beforeMove = AgentState.CONNECTING;
    private @Nullable Vm vm;
    private @Nullable String host;
    private long changes;
    private boolean wanted;
    private boolean leaseKept;
    private @Nullable String cause;
    private @Nullable String lostDetail;
    private @Nullable String move;
    private final Set<String> endedMoves = new HashSet<>();
    private final Deque<SeenMove> moves = new ArrayDeque<>();
    private final Milestones milestones;
    private @Nullable AgentProcess process;

    /** @param wantedSince when its first build was queued */
    Agent(String node, String templateName, int executors, Instant since, Instant wantedSince, boolean mayCreate) {
        this.node = node;
        this.templateName = templateName;
        this.executors = executors;
        this.since = since;
        this.mayCreate = mayCreate;
        this.milestones = new Milestones(wantedSince);
        this.wanted = !mayCreate;
    }

    synchronized AgentState state() {
        return state;
    }

    synchronized @Nullable Vm vm() {
        return vm;
    }

    /** Whether hostd was asked for a VM, so that there may be one. */
    synchronized boolean mayHaveVm() {
        return wanted;
    }

    /** hostd is going to be asked; false when the node was terminated before, and nobody may ask. */
    synchronized boolean wanted() {
        if (state == AgentState.TERMINATING) {
            return false;
        }
        wanted = true;
        return true;
    }

    /** The node is no more; true when there may be a VM to delete. */
    synchronized boolean terminate() {
        become(AgentState.TERMINATING);
        return wanted;
    }

    /** Whether its lease was renewed by this broker, or begun. */
    synchronized boolean leaseKept() {
        return leaseKept;
    }

    synchronized void keptLease() {
        leaseKept = true;
    }

    /** Whether a VM with this id is its. */
    synchronized boolean hasVm(String id) {
        return vm != null && vm.id().equals(id);
    }

    /** What hostd said of it last. Its host is the first one it was seen on, and after each move that was told the next. */
    synchronized void seen(Vm now) {
        boolean news = vm == null || vm.state() != now.state();
        vm = now;
        host = host == null ? now.host() : host;
        if (news) {
            changed();
        }
    }

    /** Where it runs, as far as was told; empty before it was seen. */
    synchronized String host() {
        return host == null ? "" : host;
    }

    private void changed() {
        changes++;
        notifyAll();
    }

    /** Something happened to it that whoever waits should look at. */
    synchronized void wake() {
        changed();
    }

    /** Grows with each change. */
    synchronized long changes() {
        return changes;
    }

    /** Goes to a state if the table allows it; one that is being terminated or lost stays so. */
    synchronized boolean become(AgentState to) {
        if (state == to || !state.mayBecome(to)) {
            return false;
        }
        LOG.info("node {}: {} → {}", node, state, to);
        state = to;
        if (to == AgentState.CREATING) {
            cause = null;
        }
        changed();
        return true;
    }

    synchronized boolean lost(String why) {
        if (!become(AgentState.LOST)) {
            return false;
        }
        cause = why;
        return true;
    }

    synchronized boolean ended(String why) {
        if (!become(AgentState.ENDED)) {
            return false;
        }
        cause = why;
        return true;
    }

    synchronized @Nullable String cause() {
        return cause;
    }

    /** hostd's sentence about the end of its VM, for whoever finds the VM gone. */
    synchronized void explain(@Nullable String detail) {
        if (detail != null) {
            lostDetail = detail;
        }
    }

    synchronized String explanation(String otherwise) {
        return lostDetail == null ? otherwise : lostDetail;
    }

    /** Waits for a change after the one that was seen, or for so long. */
    synchronized void awaitChange(long seen, Duration limit) throws InterruptedException {
        if (changes == seen) {
            TimeUnit.NANOSECONDS.timedWait(this, limit.toNanos());
        }
    }

    /** A move began; true when it is news. */
    synchronized boolean moveBegins(String id) {
        if (id.equals(move) || endedMoves.contains(id) || !(state.mayBecome(AgentState.MOVING))) {
            return false;
        }
        beforeMove = state;
        move = id;
        return become(AgentState.MOVING);
    }

    /**
     * A move has ended; true when it is news: it was known to run, or it failed, or it brought the VM elsewhere. The state is as
     * before the move, or as the process made it meanwhile.
     */
    synchronized boolean moveEnds(String id, SeenMove seen) {
        boolean foundBefore =
                !id.equals(move) && seen.failure() == null && seen.to().equals(host);
        if (!endedMoves.add(id) || foundBefore) {
            return false;
        }
        settle(id, seen);
        return true;
    }

    /** The VM was found elsewhere, whatever brought it there; true when it is news: it was at the place it left until now. */
    synchronized boolean isFound(SeenMove seen) {
        if (!seen.from().equals(host)) {
            return false;
        }
        endedMoves.add(seen.id());
        settle(seen.id(), seen);
        return true;
    }

    private void settle(String id, SeenMove seen) {
        moves.addLast(seen);
        host = seen.to();
        if (moves.size() > AgentStatus.MOVES_MAX) {
            moves.removeFirst();
        }
        if (id.equals(move) || move == null) {
            move = null;
            if (state == AgentState.MOVING) {
                become(beforeMove);
            }
        }
    }

    /** The move that runs; null when none does. */
    synchronized @Nullable String move() {
        return move;
    }

    /** The agent's process was seen to run. */
    synchronized void runs() {
        if (state == AgentState.MOVING) {
            beforeMove = AgentState.CONNECTING;
        } else {
            become(AgentState.CONNECTING);
        }
    }

    synchronized void connected() {
        if (state == AgentState.MOVING) {
            beforeMove = AgentState.CONNECTED;
        } else {
            become(AgentState.CONNECTED);
        }
    }

    Milestones milestones() {
        return milestones;
    }

    /** What follows its process; null before there is one. */
    synchronized @Nullable AgentProcess process() {
        return process;
    }

    synchronized void process(@Nullable AgentProcess following) {
        process = following;
    }

    synchronized AgentStatus status() {
        Vm known = vm;
        List<SeenMove> seen = new ArrayList<>(moves);
        return new AgentStatus(
                node,
                templateName,
                executors,
                state,
                known == null ? null : known.id(),
                host,
                known == null ? null : known.image(),
                since,
                seen,
                cause);
    }
}
