package dev.godwit.daemon;

import dev.godwit.api.DrainPlan;
import dev.godwit.api.DrainStep;
import dev.godwit.api.EventType;
import dev.godwit.api.MoveMode;
import dev.godwit.api.PlannedMove;
import dev.godwit.cloud.Notice;
import dev.godwit.fleet.HostRecord;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.MoveState;
import dev.godwit.policy.Action;
import dev.godwit.policy.Plan;
import dev.godwit.policy.Snapshot;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Empties this host: plans, moves every VM away, one after the other, and says when the host may be shut down. One at a
 * time: a notice that comes during a drain adds its deadline. Thread-safe.
 */
final class Evacuation {
    private static final Logger log = LoggerFactory.getLogger(Evacuation.class);
    /** Between two attempts: long enough for a host to come back, short enough for many attempts within a notice. */
    private static final Duration RETRY = Duration.ofSeconds(1);
    /** Without a deadline an operator looks after an hour of failures; nothing gets better by itself. */
    private static final int ATTEMPTS_WITHOUT_DEADLINE = 3600;

    private final String hostId;
    private final Vms vms;
    private final Moves moves;
    private final FleetView view;
    private final EventLog events;
    private final InstantSource clock;
    private @Nullable DrainPlan plan;
    private @Nullable Instant noticedAt;
    private @Nullable Instant deadline;
    private boolean running;
    private boolean drained;

    Evacuation(String hostId, Vms vms, Moves moves, FleetView view, EventLog events, InstantSource clock) {
        this.hostId = hostId;
        this.vms = vms;
        this.moves = moves;
        this.view = view;
        this.events = events;
        this.clock = clock;
    }

    /** A provider says that this host will go. */
    void noticed(Notice notice) {
        log.warn(
                "notice from {}: {} of host {}, {}",
                notice.source(),
                notice.kind(),
                notice.hostId(),
                notice.deadline() == null ? "no deadline" : "gone from " + notice.deadline() + " on");
        if (notice.kind() == dev.godwit.cloud.NoticeKind.REBALANCE) {
            events.append(
                    EventType.REFUSED,
                    "",
                    "Rebalance recommendation seen; hosts are left on a notice of loss or a drain.");
            return;
        }
        try {
            begin(notice.deadline(), notice.observedAt());
        } catch (IOException | RuntimeException e) {
            log.error("the evacuation of host {} could not begin: {}", hostId, e.getMessage(), e);
        }
    }

    /** Begins to empty the host, or joins the drain that runs; returns the plan before anything streams. */
    synchronized DrainPlan begin(@Nullable Instant goneFrom, @Nullable Instant seenAt) throws IOException {
        if (goneFrom != null && (deadline == null || goneFrom.isBefore(deadline))) {
            deadline = goneFrom;
        }
        if (seenAt != null && noticedAt == null) {
            noticedAt = seenAt;
        }
        DrainPlan known = plan;
        if (running && known != null) {
            return known;
        }
        List<Action> actions = actions();
        DrainPlan made = plan(actions);
        plan = made;
        running = true;
        drained = false;
        Thread.ofPlatform().name("evacuation").start(() -> evacuate(actions));
        return made;
    }

    synchronized @Nullable DrainPlan plan() {
        return plan;
    }

    /** Whether the host takes no VM because it is to be left. */
    synchronized boolean leaving() {
        return running || drained;
    }

    /** Whether all VMs have left and the host may be shut down. */
    synchronized boolean drained() {
        return drained;
    }

    private synchronized @Nullable Instant deadline() {
        return deadline;
    }

    private synchronized @Nullable Instant noticedAt() {
        return noticedAt;
    }

    private List<Action> actions() throws IOException {
        Snapshot snapshot =
                new Snapshot(hostId, deadline(), Snapshot.GUARD_MIN, view.loads(vms.owned()), view.candidates());
        List<Action> actions = Plan.plan(snapshot, clock.instant());
        actions.forEach(action -> log.info("plan: {}", action.sentence()));
        return actions;
    }

    private DrainPlan plan(List<Action> actions) {
        Instant now = clock.instant();
        List<DrainStep> steps = new ArrayList<>();
        Duration longest = Duration.ZERO;
        for (Action action : actions) {
            if (action instanceof Action.Move move) {
                Duration finish = Duration.between(now, move.predictedFinish());
                longest = finish.compareTo(longest) > 0 ? finish : longest;
                steps.add(new DrainStep(
                        move.vmId(),
                        move.targetHostId(),
                        new PlannedMove(
                                MoveMode.valueOf(move.mode().name()),
                                move.predictedDuration().toMillis()),
                        null,
                        ""));
            } else {
                steps.add(new DrainStep(action.vmId(), null, null, null, action.sentence()));
            }
        }
        return new DrainPlan(now, deadline(), longest.toMillis(), Snapshot.GUARD_MIN.toMillis(), steps);
    }

    private void evacuate(List<Action> first) {
        try {
            List<Action> actions = first;
            for (int attempt = 0; attempt < ATTEMPTS_WITHOUT_DEADLINE; attempt++) {
                for (Action action : actions) {
                    carryOut(action);
                }
                if (movable().isEmpty()) {
                    end(true, "All VMs have left host " + hostId + "; it may be shut down.");
                    return;
                }
                Instant goneFrom = deadline();
                if (goneFrom != null && clock.instant().isAfter(goneFrom)) {
                    break;
                }
                Thread.sleep(RETRY);
                actions = actions();
            }
            end(false, "VMs are left on host " + hostId + " and could not be moved: " + movable());
        } catch (IOException | RuntimeException e) {
            log.error("the evacuation of host {} stopped: {}", hostId, e.getMessage(), e);
            end(false, "The evacuation of host " + hostId + " stopped: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<String> movable() {
        return vms.owned().stream()
                .filter(vm -> vm.record().phase() == VmRecord.Phase.RUNNING
                        || vm.record().phase() == VmRecord.Phase.CREATING)
                .map(HostedVm::id)
                .toList();
    }

    private synchronized void end(boolean empty, String sentence) {
        running = false;
        drained = empty;
        log.info("{}", sentence);
        events.append(empty ? EventType.RELEASED : EventType.REFUSED, "", sentence);
    }

    private void carryOut(Action action) throws InterruptedException {
        if (!(action instanceof Action.Move planned)) {
            events.append(EventType.REFUSED, action.vmId(), action.sentence());
            return;
        }
        try {
            HostedVm vm = vms.owned(planned.vmId()).orElse(null);
            HostRecord target = view.host(planned.targetHostId()).orElse(null);
            if (vm == null || target == null) {
                return;
            }
            Instant goneFrom = deadline();
            Instant finishBy = goneFrom == null ? null : goneFrom.minus(Snapshot.GUARD_MIN);
            MoveRecord record = moves.begin(
                            vm, target, FleetView.planned(planned), new Moves.Cause(noticedAt(), finishBy))
                    .end()
                    .get();
            if (record.state() != MoveState.DONE) {
                log.warn("vm {} did not leave: {}", planned.vmId(), record.why());
            }
        } catch (ExecutionException e) {
            log.warn("vm {} did not leave: {}", planned.vmId(), MoveStream.why(e));
        } catch (IOException | ControlException e) {
            log.warn("vm {} did not leave: {}", planned.vmId(), e.getMessage());
        }
    }
}
