package dev.godwit.daemon;

import dev.godwit.api.DrainPlan;
import dev.godwit.api.DrainStep;
import dev.godwit.api.EventType;
import dev.godwit.api.MoveMode;
import dev.godwit.api.PlannedMove;
import dev.godwit.cloud.Notice;
import dev.godwit.move.MoveClock;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.MoveState;
import dev.godwit.policy.Action;
import dev.godwit.policy.Plan;
import dev.godwit.policy.Snapshot;
import dev.godwit.policy.VmLoad;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Empties this host: plans, moves every VM away, one after the other, and says when the host may be shut down. One at a
 * time: a notice that comes during a drain adds its deadline. Whatever fails is tried again until the deadline. Thread-safe.
 */
final class Evacuation {
    private static final Logger log = LoggerFactory.getLogger(Evacuation.class);
    /** Between two attempts: long enough for a host to come back, short enough for many attempts within a notice. */
    private static final Duration RETRY = Duration.ofSeconds(1);
    /** Without a deadline an operator looks after an hour of failures; nothing gets better by itself. */
    private static final int ATTEMPTS_WITHOUT_DEADLINE = 3600;
    /** A plan asks every other host and measures every VM; a caller waits no longer for it, an evacuation never. */
    private static final Duration PLAN_WAIT = Duration.ofSeconds(15);
    /** A host that did not take a VM is left alone for so long: what it lacked is seldom there a second later. */
    static final Duration TURNED_DOWN = Duration.ofSeconds(5);
    /** A move that takes this many times what was planned holds the next VM up no longer. */
    private static final int PLANNED_TIMES = 3;
    /** And at least this long: predictions of milliseconds are not to be held to the letter. */
    static final Duration HELD_UP_LEAST = Duration.ofSeconds(10);

    private final String hostId;
    private final LeavingHost host;
    private final Departure departure;
    private final MoveThreads threads;
    private final EventLog events;
    private final MoveClock clock;
    private final Duration heldUpLeast;
    private final Map<String, String> told = new HashMap<>();
    private final Map<String, Map<String, TurnedDown>> turnedDown = new HashMap<>();
    private CompletableFuture<DrainPlan> firstPlan = new CompletableFuture<>();
    private volatile @Nullable DrainPlan plan;
    private volatile String reason = "";

    private record TurnedDown(Instant until, String why) {}

    Evacuation(
            String hostId,
            LeavingHost host,
            Departure departure,
            MoveThreads threads,
            EventLog events,
            MoveClock clock,
            Duration heldUpLeast) {
        this.hostId = hostId;
        this.host = host;
        this.departure = departure;
        this.threads = threads;
        this.events = events;
        this.clock = clock;
        this.heldUpLeast = heldUpLeast;
    }

    /** A provider says that this host will go. Returns at once; nothing that fails here or later ends the evacuation. */
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
        leave(notice.deadline(), notice.observedAt());
    }

    /** Begins to empty the host, or joins what runs; returns the plan, waiting a bounded time for the first one. */
    DrainPlan begin(@Nullable Instant goneFrom) throws IOException {
        CompletableFuture<DrainPlan> first = leave(goneFrom, null);
        try {
            return first.get(PLAN_WAIT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return unplanned("no plan within " + PLAN_WAIT.toSeconds() + " s; the drain goes on, its events say how");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("hostd stops while the drain of host " + hostId + " was planned", e);
        }
    }

    private synchronized CompletableFuture<DrainPlan> leave(@Nullable Instant goneFrom, @Nullable Instant seenAt) {
        if (departure.begin(goneFrom, seenAt)) {
            firstPlan = new CompletableFuture<>();
            plan = null;
            threads.start("evacuation", this::evacuate);
        }
        return firstPlan;
    }

    /** The plan of what runs or ran; null when there is none. */
    @Nullable
    DrainPlan plan() {
        return plan;
    }

    /** Why the host is not empty yet; empty when nothing is in the way. */
    String reason() {
        return reason;
    }

    private void evacuate() {
        told.clear();
        turnedDown.clear();
        reason = "";
        try {
            int attempts = 0;
            while (!attempt()) {
                Instant goneFrom = departure.goneFrom();
                if (goneFrom != null ? clock.now().isAfter(goneFrom) : attempts >= ATTEMPTS_WITHOUT_DEADLINE) {
                    end(false, "VMs are left on host " + hostId + ": " + leftHere());
                    return;
                }
                attempts += host.movable().isEmpty() ? 0 : 1;
                clock.sleep(RETRY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One attempt at all that is left; what fails is told, and tried again in the next one. */
    private boolean attempt() throws InterruptedException {
        try {
            host.turnAway("host " + hostId + " is to be left itself");
            Instant plannedFor = departure.goneFrom();
            List<VmLoad> loads = host.loads();
            List<Action> actions = loads.isEmpty() ? List.of() : actions(loads);
            publish(drainPlan(actions));
            for (Action action : actions) {
                if (!Objects.equals(plannedFor, departure.goneFrom())) {
                    return false; // a notice came: what was planned without its deadline is planned anew
                }
                carryOut(action);
            }
            if (host.movable().isEmpty()) {
                List<String> staying = host.staying();
                if (staying.isEmpty()) {
                    end(true, "All VMs have left host " + hostId + "; it may be shut down.");
                    return true;
                }
                tell("", disksStay(staying));
            }
        } catch (IOException | RuntimeException e) {
            publish(unplanned("no plan could be made yet: " + e.getMessage()));
            tell("", "VMs can't leave host " + hostId + " now, it is tried again: " + e.getMessage());
            log.warn("an attempt to empty host {} failed: {}", hostId, e.getMessage(), e);
        }
        return false;
    }

    private static String disksStay(List<String> staying) {
        return "No VM runs here any more, and the disks of these are lost with this host: " + String.join(", ", staying)
                + ". Save what you need of a stopped one (POST /v1/vms/NAME/export offers its disk) and remove them ('godwit vm rm NAME')";
    }

    private String leftHere() {
        List<String> movable = host.movable();
        List<String> staying = host.staying();
        return (movable.isEmpty() ? "" : String.join(", ", movable) + " could not be moved")
                + (movable.isEmpty() || staying.isEmpty() ? "" : "; ")
                + (staying.isEmpty() ? "" : disksStay(staying));
    }

    private List<Action> actions(List<VmLoad> loads) throws IOException {
        Snapshot snapshot = new Snapshot(
                hostId, departure.goneFrom(), Snapshot.GUARD_MIN, loads, host.candidates(), turnedDownNow());
        List<Action> actions = Plan.plan(snapshot, clock.now());
        actions.forEach(action -> log.info("plan: {}", action.sentence()));
        return actions;
    }

    private Map<String, Map<String, String>> turnedDownNow() {
        Instant now = clock.now();
        Map<String, Map<String, String>> still = new HashMap<>();
        turnedDown.forEach((vm, hosts) -> {
            hosts.values().removeIf(refusal -> !now.isBefore(refusal.until()));
            Map<String, String> reasons = new HashMap<>();
            hosts.forEach((target, refusal) -> reasons.put(target, refusal.why()));
            still.put(vm, reasons);
        });
        return still;
    }

    private void publish(DrainPlan made) {
        if (!made.steps().isEmpty() && plan == null) {
            plan = made;
        }
        firstPlan().complete(made);
    }

    private synchronized CompletableFuture<DrainPlan> firstPlan() {
        return firstPlan;
    }

    private DrainPlan unplanned(String why) {
        List<DrainStep> steps = host.movable().stream()
                .map(vm -> new DrainStep(vm, null, null, null, why))
                .toList();
        return new DrainPlan(clock.now(), departure.goneFrom(), 0, Snapshot.GUARD_MIN.toMillis(), steps);
    }

    private DrainPlan drainPlan(List<Action> actions) {
        Instant now = clock.now();
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
        return new DrainPlan(now, departure.goneFrom(), longest.toMillis(), Snapshot.GUARD_MIN.toMillis(), steps);
    }

    /** Moves one VM and waits for it, but not for ever: one that hangs holds no other up. */
    private void carryOut(Action action) throws InterruptedException {
        if (!(action instanceof Action.Move planned)) {
            tell(action.vmId(), action.sentence());
            return;
        }
        Duration most = planned.predictedDuration().multipliedBy(PLANNED_TIMES);
        Duration wait = most.compareTo(heldUpLeast) > 0 ? most : heldUpLeast;
        try {
            MoveRecord record = host.move(planned).get(wait.toMillis(), TimeUnit.MILLISECONDS);
            if (record.state() != MoveState.DONE) {
                turnedDown(planned, record.why());
            }
        } catch (TimeoutException e) {
            log.warn(
                    "vm {} is still on its way to {} after {} s; the next VM goes beside it",
                    planned.vmId(),
                    planned.targetHostId(),
                    wait.toSeconds());
        } catch (ExecutionException e) {
            turnedDown(planned, MoveStream.why(e));
        } catch (IOException | RuntimeException e) {
            turnedDown(planned, String.valueOf(e.getMessage()));
        }
    }

    private void turnedDown(Action.Move planned, String why) {
        log.warn("vm {} did not leave for {}: {}", planned.vmId(), planned.targetHostId(), why);
        turnedDown
                .computeIfAbsent(planned.vmId(), vm -> new HashMap<>())
                .put(planned.targetHostId(), new TurnedDown(clock.now().plus(TURNED_DOWN), why));
    }

    /** Tells what is in the way, once: the same sentence every second would hide all else. */
    private void tell(String vm, String sentence) {
        reason = sentence;
        if (!sentence.equals(told.put(vm, sentence))) {
            events.append(EventType.REFUSED, vm, sentence);
        }
    }

    private void end(boolean empty, String sentence) {
        reason = empty ? "" : sentence;
        departure.end(empty);
        log.info("{}", sentence);
        events.append(empty ? EventType.RELEASED : EventType.REFUSED, "", sentence);
    }
}
