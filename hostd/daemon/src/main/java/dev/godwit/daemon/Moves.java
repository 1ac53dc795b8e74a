package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.HostRecord;
import dev.godwit.move.Convergence;
import dev.godwit.move.MoveHost;
import dev.godwit.move.MoveInProgress;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.OwnershipPort;
import dev.godwit.move.PlannedMove;
import dev.godwit.move.Reservation;
import dev.godwit.move.SourceMove;
import dev.godwit.move.SourcePorts;
import dev.godwit.move.VmPort;
import dev.godwit.peer.PeerLink;
import dev.godwit.replication.Convergence.Decision;
import dev.godwit.replication.Convergence.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves away from this host. Thread-safe. */
final class Moves {
    private static final Logger log = LoggerFactory.getLogger(Moves.class);
    /** What the pause costs beside sending the rest: state, commit, resume; 13 to 60 ms were measured. */
    private static final Duration CUT_OVER_COST = Duration.ofMillis(60);
    /** A move that nobody waits for may take this long before it is given up as not converging. */
    private static final Duration WITHOUT_DEADLINE = Duration.ofMinutes(30);

    /** Rounds go on until the rest goes within this, or no longer shrinks: a longer pause is allowed, not wished for. */
    private static final Duration PAUSE_AIM = CUT_OVER_COST.plusMillis(10);

    /** Of the ids of moves, against those of removals and stops that hold a VM's place too. */
    private static final String ID_PREFIX = "m-";

    /** A source asks its silent target for at most 5 s at a time before it hears that the target is written off. */
    private static final Duration WRITTEN_OFF = Duration.ofSeconds(20);

    private static final Duration WRITTEN_OFF_LOOK = Duration.ofMillis(100);
    private static final Duration FIRST_STATE = Duration.ofSeconds(5);

    private final MoveHost host;
    private final OwnershipPort ownership;
    private final VmNetwork network;
    private final Peers peers;
    private final MoveLog moveLog;
    private final LinkCounter link;
    private final Duration pauseBudget;
    private final Departure departure;
    private final MoveThreads threads;

    Moves(
            MoveHost host,
            OwnershipPort ownership,
            VmNetwork network,
            Peers peers,
            MoveLog moveLog,
            LinkCounter link,
            Duration pauseBudget,
            Departure departure,
            MoveThreads threads) {
        this.host = host;
        this.ownership = ownership;
        this.network = network;
        this.peers = peers;
        this.moveLog = moveLog;
        this.link = link;
        this.pauseBudget = pauseBudget;
        this.departure = departure;
        this.threads = threads;
    }

    /** Whether what holds a VM's place is a move, and not its stop or removal. */
    static boolean isMove(String id) {
        return id.startsWith(ID_PREFIX);
    }

    /** A move that has begun. */
    record Begun(String moveId, CompletableFuture<MoveRecord> end) {}

    /** Ends this host's part of a move whose target owns the VM and is gone for good; returns when no move of it is open. */
    void writeOffTarget(String vmId) throws IOException {
        long until = System.nanoTime() + WRITTEN_OFF.toNanos();
        try {
            while (host.inProgress().writeOffTarget(vmId).isPresent()) {
                if (System.nanoTime() > until) {
                    throw new Unavailable("The move of VM " + vmId + " is still open "
                            + WRITTEN_OFF.toSeconds()
                            + " s after its target was written off; its events say what it waits for. Try again.");
                }
                Thread.sleep(WRITTEN_OFF_LOOK);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("hostd stops while a target was written off", e);
        }
    }

    /** Refuses at once what {@link #begin} would refuse after the plan. */
    void requireStill(HostedVm vm) {
        host.inProgress().moveOf(vm.id()).ifPresent(running -> {
            throw moving(vm.record(), new MoveInProgress(vm.id(), running));
        });
    }

    private static Conflict moving(VmRecord vm, MoveInProgress running) {
        return new Conflict(
                ProblemCode.MOVE_RUNNING, "VM " + vm.name() + ": " + String.valueOf(running.getMessage()) + ".");
    }

    /** Begins a move; what forbids it is refused here, what fails later is in the move's record. */
    Begun begin(HostedVm vm, HostRecord target, PlannedMove planned) throws IOException {
        VmRecord record = vm.record();
        if (record.phase() != VmRecord.Phase.RUNNING) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "VM " + record.name() + " is " + record.phase()
                            + " on this host, and only a running VM can be moved.");
        }
        String moveId = ID_PREFIX + UUID.randomUUID();
        try {
            host.inProgress().begin(record.id(), moveId);
        } catch (MoveInProgress running) {
            throw moving(record, running);
        }
        try {
            MoveLog.Facts facts = new MoveLog.Facts();
            facts.noticedAt = departure.noticedAt();
            facts.linkBytesAtReserve = link.sentBytes();
            moveLog.expect(moveId, facts);
            Reservation reservation = new Reservation(
                    moveId,
                    record.id(),
                    host.hostId(),
                    target.hostId(),
                    record.fence(),
                    vm.needs().write());
            PeerLink wire = peers.link(target);
            PeerTarget targetPort = new PeerTarget(wire, facts);
            MoveStream stream = new MoveStream(moveId, vm.id(), vm.volumes(), wire, vm.socketDirectory());
            SourceMove move = new SourceMove(
                    host,
                    reservation,
                    planned,
                    new SourcePorts(targetPort, new SourceVm(vm), ownership, network.turning(host, reservation)),
                    stream,
                    convergence(planned, facts, stream));
            CompletableFuture<MoveRecord> end = new CompletableFuture<>();
            threads.start("move-" + moveId, () -> run(move, stream, target, facts, end));
            awaitFirstState(record, facts, end);
            return new Begun(moveId, end);
        } catch (IOException | RuntimeException e) {
            host.inProgress().end(record.id(), moveId);
            throw e;
        }
    }

    /** The first state is journalled in milliseconds; then the move can be asked about. */
    private static void awaitFirstState(VmRecord vm, MoveLog.Facts facts, CompletableFuture<MoveRecord> end) {
        try {
            if (!facts.begun.await(FIRST_STATE.toSeconds(), TimeUnit.SECONDS)) {
                log.warn("a move has not come into its first state within {} s", FIRST_STATE.toSeconds());
            }
            if (end.isCompletedExceptionally()) {
                Throwable why = end.exceptionNow();
                throw new Unavailable(
                        "VM " + vm.name() + " stays where it is: its move did not begin: " + why.getMessage(), why);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The ports of a move that an earlier hostd began. */
    SourcePorts recalled(MoveRecord record, VmPort vm) {
        return new SourcePorts(
                new NamedTarget(peers, record.reservation().to()),
                vm,
                ownership,
                network.turning(host, record.reservation()));
    }

    private void run(
            SourceMove move,
            MoveStream stream,
            HostRecord target,
            MoveLog.Facts facts,
            CompletableFuture<MoveRecord> end) {
        try {
            MoveRecord record = move.run();
            stream.reports().stream()
                    .mapToDouble(dev.godwit.replication.RoundReport::bandwidthBytesPerSecond)
                    .max()
                    .ifPresent(bandwidth -> peers.measured(target.hostId(), bandwidth));
            end.complete(record);
        } catch (MoveInProgress | IOException | RuntimeException e) {
            log.error("a move ended with an error and is resolved at the next start: {}", e.getMessage(), e);
            end.completeExceptionally(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end.completeExceptionally(e);
        } finally {
            facts.begun.countDown();
        }
    }

    /** A notice may come while the VM streams: the deadline is asked for after each round. */
    private Convergence convergence(PlannedMove planned, MoveLog.Facts facts, MoveStream stream) {
        var aim = new dev.godwit.replication.Convergence(PAUSE_AIM, CUT_OVER_COST);
        var bound = new dev.godwit.replication.Convergence(
                pauseBudget.compareTo(PAUSE_AIM) > 0 ? pauseBudget : PAUSE_AIM, CUT_OVER_COST);
        return report -> {
            if (planned.mode() == PlannedMove.Mode.STOP_AND_COPY) {
                return Convergence.Decision.CUT_OVER;
            }
            Instant finishBy = departure.finishBy();
            if (facts.noticedAt == null) {
                facts.noticedAt = departure.noticedAt();
            }
            Duration left = finishBy == null
                    ? WITHOUT_DEADLINE
                    : Duration.between(host.clock().now(), finishBy);
            Decision aimed = aim.decide(stream.reports(), left);
            Decision decision = aimed.verdict() == Verdict.HOPELESS ? bound.decide(stream.reports(), left) : aimed;
            log.info("round {}: {} ({})", report.round(), decision.verdict(), decision.reason());
            return switch (decision.verdict()) {
                case CONTINUE -> Convergence.Decision.GO_ON;
                case CUT_OVER -> Convergence.Decision.CUT_OVER;
                // With a deadline the machine goes whatever the pause: a long pause is better than a lost build.
                case HOPELESS -> finishBy == null ? Convergence.Decision.GIVE_UP : Convergence.Decision.CUT_OVER;
            };
        };
    }
}
