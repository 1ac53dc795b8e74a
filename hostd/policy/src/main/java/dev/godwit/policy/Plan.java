package dev.godwit.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Decides where the VMs of a host go that is to be left, and how. A pure function of what is known and of the time, so
 * that a simulator runs the same code as production.
 */
public final class Plan {
    private Plan() {}

    /**
     * One action for each VM, in the order in which they are to be carried out.
     *
     * <p>VMs go one at a time over the host's uplink, those that can be saved before the deadline first and the quickest
     * of them first (finishing one is worth more than sharing among all, and what waits goes on writing). A VM is copied
     * while it runs if that ends before the deadline minus the guard, else in one pause if that does; if neither does, it
     * still goes, in one pause, and {@link Action.Move#lateBy} says so. Among hosts that fit, one that meets the deadline
     * wins, then the shorter blackout class (pre-copy), then the earlier finish, then the name.
     */
    public static List<Action> plan(Snapshot snapshot, Instant now) {
        List<VmLoad> waiting = new ArrayList<>(snapshot.vms());
        List<Candidate> candidates = new ArrayList<>(snapshot.candidates());
        List<Action> actions = new ArrayList<>();
        Instant free = now;
        while (!waiting.isEmpty()) {
            Option next = null;
            for (VmLoad vm : waiting) {
                Option option = best(vm, candidates, free, snapshot).orElse(null);
                if (option != null && (next == null || Option.TURN.compare(option, next) < 0)) {
                    next = option;
                }
            }
            if (next == null) {
                waiting.forEach(
                        vm -> actions.add(new Action.Refusal(vm.vmId(), obstacles(vm, candidates, null, snapshot))));
                break;
            }
            actions.add(next.move(obstacles(next.vm(), candidates, next.target(), snapshot), snapshot.guard()));
            waiting.remove(next.vm());
            candidates.remove(next.target());
            candidates.add(next.target().without(next.vm()));
            free = next.finish();
        }
        return List.copyOf(actions);
    }

    static String list(List<Action.NotChosen> notChosen) {
        return notChosen.stream()
                .map(each -> each.hostId() + " (" + each.why() + ")")
                .collect(Collectors.joining(", "));
    }

    private static Optional<Option> best(VmLoad vm, List<Candidate> candidates, Instant start, Snapshot snapshot) {
        return candidates.stream()
                .filter(candidate -> snapshot.obstacle(vm, candidate).isEmpty())
                .map(candidate -> Option.of(vm, candidate, start, snapshot))
                .min(Option.TARGET);
    }

    private static List<Action.NotChosen> obstacles(
            VmLoad vm, List<Candidate> candidates, @Nullable Candidate chosen, Snapshot snapshot) {
        return candidates.stream()
                .filter(candidate -> candidate != chosen)
                .sorted(Comparator.comparing(Candidate::hostId))
                .map(candidate -> new Action.NotChosen(
                        candidate.hostId(),
                        snapshot.obstacle(vm, candidate).orElse("it would take longer or stop the VM for longer")))
                .toList();
    }

    /** One VM, one target, and the better way to get there. */
    private record Option(
            VmLoad vm, Candidate target, Mode mode, Instant start, CopyTime time, Optional<Duration> lateBy) {

        private static final Comparator<Option> TARGET = Comparator.comparing(
                        (Option option) -> option.lateBy().isPresent())
                .thenComparing(Option::mode)
                .thenComparing(Option::finish)
                .thenComparing(option -> option.target().hostId());

        private static final Comparator<Option> TURN = Comparator.comparing(
                        (Option option) -> option.lateBy().isPresent())
                .thenComparing(Option::finish)
                .thenComparing(option -> option.vm().vmId());

        static Option of(VmLoad vm, Candidate target, Instant start, Snapshot snapshot) {
            Option live = with(Mode.PRE_COPY, CopyTime.preCopy(vm, target), vm, target, start, snapshot);
            if (CopyTime.converges(vm, target) && live.lateBy().isEmpty()) {
                return live;
            }
            return with(Mode.STOP_AND_COPY, CopyTime.stopAndCopy(vm, target), vm, target, start, snapshot);
        }

        private static Option with(
                Mode mode, CopyTime time, VmLoad vm, Candidate target, Instant start, Snapshot snapshot) {
            Instant deadline = snapshot.deadline();
            Instant finish = start.plus(time.total());
            Optional<Duration> lateBy = deadline == null
                    ? Optional.empty()
                    : Optional.of(Duration.between(deadline.minus(snapshot.guard()), finish))
                            .filter(Duration::isPositive);
            return new Option(vm, target, mode, start, time, lateBy);
        }

        Instant finish() {
            return start.plus(time.total());
        }

        Action.Move move(List<Action.NotChosen> notChosen, Duration guard) {
            return new Action.Move(
                    vm.vmId(), target.hostId(), mode, start, finish(), time.blackout(), guard, lateBy, notChosen);
        }
    }
}
