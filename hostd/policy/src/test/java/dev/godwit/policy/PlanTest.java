package dev.godwit.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanTest {
    private static final long MIB = 1 << 20;
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");
    private static final Duration GUARD = Duration.ofSeconds(2);

    @ParameterizedTest(name = "{0} MiB dirtied at {1} MiB/s over {2} MiB/s with {3} s left: {4}, late: {5}")
    @CsvSource({
        "512,   4,  200,  30, PRE_COPY,      false",
        "512,   4,  200, 120, PRE_COPY,      false",
        "512, 100,  100,  30, STOP_AND_COPY, false",
        "512, 900,  100, 120, STOP_AND_COPY, false",
        "512,  70,  100,  12, STOP_AND_COPY, false",
        "512,   4,   10,  30, STOP_AND_COPY, true",
        "512,   0,  200,   4, STOP_AND_COPY, true",
    })
    void theModeFollowsFromDirtyRateBandwidthAndDeadline(
            long mib, double dirtyMib, double bandwidthMib, long secondsLeft, Mode mode, boolean late) {
        Snapshot snapshot = snapshot(
                NOW.plusSeconds(secondsLeft),
                List.of(vm("vm-1", mib, dirtyMib * MIB)),
                List.of(host("host-b", 4096, bandwidthMib * MIB)));
        Action.Move move = (Action.Move) Plan.plan(snapshot, NOW).getFirst();
        assertThat(move.mode()).isEqualTo(mode);
        assertThat(move.lateBy().isPresent()).isEqualTo(late);
        assertThat(move.sentence()).contains(mode.label(), "host-b", "guard 2000 ms");
        assertThat(move.sentence().contains("LATE")).isEqualTo(late);
    }

    @Test
    void aDrainWithoutDeadlineCopiesWhileTheVmRuns() {
        Snapshot snapshot = snapshot(null, List.of(vm("vm-1", 512, 5 * MIB)), List.of(host("host-b", 4096, 10 * MIB)));
        Action.Move move = (Action.Move) Plan.plan(snapshot, NOW).getFirst();
        assertThat(move.mode()).isEqualTo(Mode.PRE_COPY);
        assertThat(move.lateBy()).isEmpty();
        assertThat(move.predictedBlackout()).isLessThan(Duration.ofMillis(200));
    }

    @Test
    void aRefusalSaysWhatEachHostLacks() {
        Snapshot snapshot = snapshot(
                NOW.plusSeconds(30),
                List.of(vm("vm-1", 512, MIB)),
                List.of(
                        host("host-b", 256, 200 * MIB),
                        new Candidate("host-c", 4096 * MIB, 0, 4096 * MIB, 200 * MIB, false, false, true),
                        new Candidate("host-d", 4096 * MIB, 0, 4096 * MIB, 200 * MIB, true, false, false),
                        new Candidate("host-e", 4096 * MIB, 0, 0, 200 * MIB, true, false, true),
                        new Candidate("host-f", 4096 * MIB, 0, 4096 * MIB, 200 * MIB, true, true, true)));
        Action action = Plan.plan(snapshot, NOW).getFirst();
        assertThat(action).isInstanceOf(Action.Refusal.class);
        assertThat(action.sentence())
                .contains(
                        "host-b (it has 256 MiB of memory free, the VM needs 512 MiB)",
                        "host-c (its hostd does not answer)",
                        "host-d (its CPU lacks flags",
                        "host-e (it has 0 MiB of disk free, the VM's overlay has 32 MiB)",
                        "host-f (it is to be left itself)");
    }

    @Test
    void aRefusalWithoutAnyOtherHostSaysSo() {
        Snapshot snapshot = snapshot(NOW.plusSeconds(30), List.of(vm("vm-1", 512, MIB)), List.of());
        assertThat(Plan.plan(snapshot, NOW).getFirst().sentence()).contains("no other host is known");
    }

    @Test
    void theFasterOfTwoHostsIsChosenAndTheOtherIsNamed() {
        Snapshot snapshot = snapshot(
                NOW.plusSeconds(30),
                List.of(vm("vm-1", 512, MIB)),
                List.of(host("host-b", 4096, 100 * MIB), host("host-c", 4096, 400 * MIB)));
        Action.Move move = (Action.Move) Plan.plan(snapshot, NOW).getFirst();
        assertThat(move.targetHostId()).isEqualTo("host-c");
        assertThat(move.notChosen()).extracting(Action.NotChosen::hostId).containsExactly("host-b");
    }

    @Test
    void theVmsThatCanBeSavedGoFirstAndOneAfterTheOther() {
        Snapshot snapshot = snapshot(
                NOW.plusSeconds(20),
                List.of(vm("vm-huge", 8192, MIB), vm("vm-small", 256, MIB), vm("vm-middle", 512, MIB)),
                List.of(host("host-b", 65536, 100 * MIB)));
        List<Action.Move> moves = moves(Plan.plan(snapshot, NOW));
        assertThat(moves).extracting(Action.Move::vmId).containsExactly("vm-small", "vm-middle", "vm-huge");
        assertThat(moves.get(1).startAt()).isEqualTo(moves.get(0).predictedFinish());
        assertThat(moves).extracting(move -> move.lateBy().isPresent()).containsExactly(false, false, true);
    }

    @Test
    void roomThatIsPromisedToOneVmIsNotPromisedToAnother() {
        Snapshot snapshot = snapshot(
                NOW.plusSeconds(60),
                List.of(vm("vm-1", 512, MIB), vm("vm-2", 512, MIB)),
                List.of(host("host-b", 600, 100 * MIB)));
        List<Action> actions = Plan.plan(snapshot, NOW);
        assertThat(actions.get(0)).isInstanceOf(Action.Move.class);
        assertThat(actions.get(1)).isInstanceOf(Action.Refusal.class);
        assertThat(actions.get(1).sentence()).contains("88 MiB of memory free");
    }

    @Test
    void whatAVmmTakesBesideTheRamIsPromisedToo() {
        Candidate host = new Candidate("host-b", 1200 * MIB, 384 * MIB, 4096 * MIB, 100 * MIB, true, false, true);
        List<Action> actions = Plan.plan(
                snapshot(NOW.plusSeconds(60), List.of(vm("vm-1", 512, MIB), vm("vm-2", 512, MIB)), List.of(host)), NOW);
        assertThat(actions.get(0)).isInstanceOf(Action.Move.class);
        assertThat(actions.get(1).sentence()).contains("304 MiB of memory free, the VM needs 896 MiB");
    }

    @Test
    void aHostThatTurnedAVmDownIsNotAskedForItAgainAndMayTakeAnother() {
        Snapshot snapshot = new Snapshot(
                "host-z",
                NOW.plusSeconds(60),
                GUARD,
                List.of(vm("vm-1", 512, MIB), vm("vm-2", 512, MIB)),
                List.of(host("host-b", 4096, 400 * MIB), host("host-c", 4096, 100 * MIB)),
                Map.of("vm-1", Map.of("host-b", "it lacks avx512f")));
        assertThat(moves(Plan.plan(snapshot, NOW)))
                .extracting(Action.Move::vmId, Action.Move::targetHostId)
                .containsExactlyInAnyOrder(tuple("vm-1", "host-c"), tuple("vm-2", "host-b"));
        assertThat(Plan.plan(
                                new Snapshot(
                                        "host-z",
                                        null,
                                        GUARD,
                                        List.of(vm("vm-1", 512, MIB)),
                                        List.of(host("host-b", 4096, 400 * MIB)),
                                        Map.of("vm-1", Map.of("host-b", "it lacks avx512f"))),
                                NOW)
                        .getFirst()
                        .sentence())
                .contains("did not take it a moment ago: it lacks avx512f");
    }

    @Test
    void aGuardBelowTwoSecondsIsRefused() {
        assertThatThrownBy(() -> new Snapshot("host-a", NOW, Duration.ofMillis(1999), List.of(), List.of()))
                .hasMessageContaining("PT1.999S")
                .hasMessageContaining("PT2S");
    }

    @Test
    void everyVmGetsOneActionAndNothingIsLateWithoutSayingSo() {
        for (long seed = 1; seed <= 2000; seed++) {
            Snapshot snapshot = random(new SplittableRandom(seed));
            List<Action> actions = Plan.plan(snapshot, NOW);
            assertThat(actions)
                    .as("seed %d", seed)
                    .extracting(Action::vmId)
                    .containsExactlyInAnyOrderElementsOf(
                            snapshot.vms().stream().map(VmLoad::vmId).toList());
            Instant free = NOW;
            for (Action.Move move : moves(actions)) {
                assertThat(move.startAt()).as("seed %d: one at a time", seed).isEqualTo(free);
                free = move.predictedFinish();
                boolean late = snapshot.deadline() != null
                        && move.predictedFinish().isAfter(snapshot.deadline().minus(snapshot.guard()));
                assertThat(move.lateBy().isPresent())
                        .as("seed %d: %s", seed, move)
                        .isEqualTo(late);
            }
            promisedRoomExists(seed, snapshot, moves(actions));
        }
    }

    @Test
    void moreOfAnythingNeverLosesAVmThatWasSaved() {
        for (long seed = 1; seed <= 5000; seed++) {
            RandomGenerator random = new SplittableRandom(seed);
            Snapshot all = random(random);
            Snapshot one = new Snapshot(
                    all.hostId(), all.deadline(), all.guard(), all.vms().subList(0, 1), all.candidates());
            if (saved(one) == 1) {
                assertThat(saved(better(one, random))).as("seed %d", seed).isEqualTo(1);
            }
        }
    }

    private static void promisedRoomExists(long seed, Snapshot snapshot, List<Action.Move> moves) {
        for (Candidate candidate : snapshot.candidates()) {
            long promised = moves.stream()
                    .filter(move -> move.targetHostId().equals(candidate.hostId()))
                    .flatMap(move ->
                            snapshot.vms().stream().filter(vm -> vm.vmId().equals(move.vmId())))
                    .mapToLong(VmLoad::memoryBytes)
                    .sum();
            assertThat(promised).as("seed %d: %s", seed, candidate).isLessThanOrEqualTo(candidate.freeMemoryBytes());
        }
    }

    private static long saved(Snapshot snapshot) {
        return moves(Plan.plan(snapshot, NOW)).stream()
                .filter(move -> move.lateBy().isEmpty())
                .count();
    }

    /** The same with one thing better: another host, a faster link, more room, more time, or a quieter VM. */
    private static Snapshot better(Snapshot from, RandomGenerator random) {
        List<Candidate> candidates = new ArrayList<>(from.candidates());
        List<VmLoad> vms = new ArrayList<>(from.vms());
        Instant deadline = from.deadline();
        switch (random.nextInt(4)) {
            case 0 -> candidates.add(host("host-new", 1 + random.nextLong(9000), 1 + random.nextDouble() * 400 * MIB));
            case 1 ->
                candidates.replaceAll(c -> new Candidate(
                        c.hostId(),
                        c.freeMemoryBytes() * 2,
                        c.vmOverheadBytes(),
                        c.freeDiskBytes() * 2,
                        c.bandwidthBytesPerSecond() * (1 + random.nextDouble()),
                        c.reachable(),
                        c.leaving(),
                        c.cpuFits()));
            case 2 -> deadline = deadline == null ? null : deadline.plusMillis(random.nextLong(60_000));
            default ->
                vms.replaceAll(vm -> new VmLoad(
                        vm.vmId(),
                        vm.memoryBytes(),
                        vm.residentBytes(),
                        vm.overlayBytes(),
                        vm.dirtyBytesPerSecond() * random.nextDouble(),
                        vm.vcpus()));
        }
        return new Snapshot(from.hostId(), deadline, from.guard(), vms, candidates);
    }

    private static Snapshot random(RandomGenerator random) {
        List<VmLoad> vms = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(5); i++) {
            vms.add(vm("vm-" + i, 1 + random.nextLong(8192), random.nextDouble() * 200 * MIB));
        }
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < random.nextInt(5); i++) {
            candidates.add(new Candidate(
                    "host-" + i,
                    random.nextLong(16384) * MIB,
                    random.nextLong(400) * MIB,
                    random.nextLong(256) * MIB,
                    1 + random.nextDouble() * 400 * MIB,
                    random.nextInt(6) != 0,
                    random.nextInt(6) == 0,
                    random.nextInt(6) != 0));
        }
        Instant deadline = random.nextInt(5) == 0 ? null : NOW.plusMillis(random.nextLong(120_000));
        return snapshot(deadline, vms, candidates);
    }

    private static Snapshot snapshot(@Nullable Instant deadline, List<VmLoad> vms, List<Candidate> candidates) {
        return new Snapshot("host-z", deadline, GUARD, vms, candidates);
    }

    private static VmLoad vm(String id, long mib, double dirtyBytesPerSecond) {
        return new VmLoad(id, mib * MIB, mib * MIB, 32 * MIB, dirtyBytesPerSecond, 1);
    }

    private static Candidate host(String id, long freeMib, double bandwidthBytesPerSecond) {
        return new Candidate(id, freeMib * MIB, 0, 4096 * MIB, bandwidthBytesPerSecond, true, false, true);
    }

    private static List<Action.Move> moves(List<Action> actions) {
        return actions.stream()
                .filter(Action.Move.class::isInstance)
                .map(Action.Move.class::cast)
                .toList();
    }
}
