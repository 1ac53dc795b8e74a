package dev.godwit.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.LongFunction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The move at both ends under a scheduler that a seed drives, with every fault that the design names. A failure prints its
 * seed; {@code -Dgodwit.move.seed=N} runs that one alone.
 */
class MoveSimulationTest {
    private static final int SEEDS = Integer.getInteger("godwit.move.seeds", 2000);

    @Test
    void withoutFaultsEveryMoveIsDone() {
        for (long seed = 0; seed < 100; seed++) {
            assertThat(world(seed, SimFaults.NONE).run()).isEqualTo(3);
        }
    }

    @Test
    void neverTwoCopiesAndNeverNoneForEverUnderEveryFault() {
        Set<MoveState> seen = EnumSet.noneOf(MoveState.class);
        for (long seed : seeds(SEEDS)) {
            SimWorld world = world(seed, SimFaults.drawn(new SplittableRandom(seed)));
            run(seed, world);
            world.transitions().forEach(r -> seen.add(r.state()));
        }
        if (Long.getLong("godwit.move.seed") == null) {
            Set<MoveState> expected = EnumSet.allOf(MoveState.class);
            expected.remove(MoveState.LOST);
            assertThat(seen).containsAll(expected);
        }
    }

    @Test
    void whenMachinesDieTooNeverTwoCopiesRun() {
        for (long seed : seeds(SEEDS / 4)) {
            run(seed, world(seed, SimFaults.MACHINES_DIE));
        }
    }

    @Test
    void aCommitOnItsWayForACopyThatDiedIsMadeImpossible() {
        for (long seed : seeds(SEEDS / 4)) {
            run(seed, world(seed, SimFaults.COPIES_DIE));
        }
    }

    @Test
    void aVmWhoseResumeHasNoAnswerIsNeitherLostNorRunTwice() {
        for (long seed : seeds(SEEDS / 4)) {
            run(seed, world(seed, SimFaults.VMMS_ANSWER_BADLY));
        }
    }

    @Test
    void eitherHostdMayDieAtEachOfItsSteps() {
        for (String machine : new String[] {"a", "b"}) {
            for (long seed = 0; seed < 3; seed++) {
                long step = 0;
                SimWorld world;
                do {
                    step++;
                    world = new SimWorld(
                            seed, SimFaults.NONE, 1, UnaryOperator.identity(), new SimWorld.Kill(machine, step));
                    run(seed, world);
                } while (world.killHappened());
                assertThat(step).as("steps of %s in one move", machine).isGreaterThan(20);
            }
        }
    }

    @Test
    void aStoreThatDoesNotCompareIsCaught() {
        assertThat(firstSeedThatFails(honest -> new OwnershipPort() {
                    @Override
                    public Optional<Ownership> read(String vmId) throws OwnershipUnreadable {
                        return honest.read(vmId);
                    }

                    @Override
                    public Ownership compareAndSet(String vmId, Ownership expected, String newOwner)
                            throws OwnershipChanged, OwnershipOutcomeUnknown, OwnershipUnreadable {
                        try {
                            return honest.compareAndSet(vmId, expected, newOwner);
                        } catch (OwnershipChanged ignoredCheck) {
                            return new Ownership(newOwner, expected.fence() + 1);
                        }
                    }
                }))
                .isPresent();
    }

    @Test
    void aTimeOutTakenForAnAnswerIsCaught() {
        assertThat(firstSeedThatFails(honest -> new OwnershipPort() {
                    @Override
                    public Optional<Ownership> read(String vmId) throws OwnershipUnreadable {
                        return honest.read(vmId);
                    }

                    @Override
                    public Ownership compareAndSet(String vmId, Ownership expected, String newOwner)
                            throws OwnershipChanged, OwnershipUnreadable {
                        try {
                            return honest.compareAndSet(vmId, expected, newOwner);
                        } catch (OwnershipOutcomeUnknown timeOut) {
                            return new Ownership(newOwner, expected.fence() + 1);
                        }
                    }
                }))
                .isPresent();
    }

    @Test
    void packetsThatAreNotFetchedOnARollbackAreMissed() {
        assertThat(firstSeedThatFails(SimFaults.VMMS_ANSWER_BADLY, (honest, steps) -> new SabotagedNetwork(honest) {
                    @Override
                    public void switchBack() throws IOException {
                        steps.deliver();
                    }
                }))
                .hasValueSatisfying(why -> assertThat(why).contains("is lost"));
    }

    @Test
    void aPauseBeforeTheQueueIsEmptyIsMissed() {
        assertThat(firstSeedThatFails(SimFaults.NONE, (honest, steps) -> new SabotagedNetwork(honest) {
                    @Override
                    public void switchOver() throws IOException {
                        steps.forward();
                    }
                }))
                .isPresent();
    }

    @Test
    void theOldOrderOfPauseCopyAndFlipIsMissed() {
        assertThat(firstSeedThatFails(SimFaults.NONE, (honest, steps) -> NetworkPort.NONE))
                .hasValueSatisfying(why -> assertThat(why).contains("is lost"));
    }

    @Test
    void aHostThatTurnsItsOwnPortBeforeTheEdgesReorders() {
        assertThat(firstSeedThatFails(SimFaults.NONE, (honest, steps) -> new SabotagedNetwork(honest) {
                    @Override
                    public void switchOver() throws IOException, InterruptedException {
                        steps.requireHold();
                        steps.forward();
                        steps.drain();
                        honest.switchOver();
                    }
                }))
                .hasValueSatisfying(why -> assertThat(why).contains("out of order"));
    }

    /** Another port in one respect. */
    private abstract static class SabotagedNetwork implements NetworkPort {
        private final NetworkPort honest;

        SabotagedNetwork(NetworkPort honest) {
            this.honest = honest;
        }

        @Override
        public void switchOver() throws IOException, InterruptedException {
            honest.switchOver();
        }

        @Override
        public void switchBack() throws IOException, InterruptedException {
            honest.switchBack();
        }

        @Override
        public void drain() throws IOException, InterruptedException {
            honest.drain();
        }
    }

    private static Optional<String> firstSeedThatFails(UnaryOperator<OwnershipPort> mutation) {
        return firstFailure(seed -> new SimWorld(seed, SimFaults.ALL, 3, mutation, null));
    }

    private static Optional<String> firstSeedThatFails(
            SimFaults faults, BiFunction<NetworkPort, SwitchSteps, NetworkPort> mutation) {
        return firstFailure(seed -> new SimWorld(seed, faults, 3, UnaryOperator.identity(), mutation, null));
    }

    private static Optional<String> firstFailure(LongFunction<SimWorld> world) {
        for (long seed = 0; seed < 500; seed++) {
            try {
                world.apply(seed).run();
            } catch (AssertionError caught) {
                return Optional.of("seed " + seed + ": " + caught.getMessage());
            }
        }
        return Optional.empty();
    }

    private static SimWorld world(long seed, SimFaults faults) {
        return new SimWorld(seed, faults, 3, UnaryOperator.identity(), null);
    }

    private static void run(long seed, SimWorld world) {
        try {
            world.run();
        } catch (AssertionError e) {
            fail("seed " + seed + " (-Dgodwit.move.seed=" + seed + "): " + e.getMessage(), e);
        }
    }

    private static long[] seeds(int count) {
        Long one = Long.getLong("godwit.move.seed");
        if (one != null) {
            return new long[] {one};
        }
        long[] seeds = new long[count];
        for (int i = 0; i < count; i++) {
            seeds[i] = i;
        }
        return seeds;
    }
}
