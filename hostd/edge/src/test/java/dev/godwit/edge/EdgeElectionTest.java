package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Two edges, one seat, and a clock that only the test moves. */
class EdgeElectionTest {
    private static final Duration TTL = Duration.ofSeconds(3);

    private long now = 1_000_000_000_000L;
    private final MemorySeat seat = new MemorySeat(() -> now);
    private final Edge a = new Edge("edge-a");
    private final Edge b = new Edge("edge-b");

    /** An edge whose kernel is a moment until which it is open. */
    private final class Edge implements EdgeDuty {
        final String id;
        final Queue<Runnable> work = new ArrayDeque<>();
        final List<String> did = new ArrayList<>();
        final EdgeElection election;
        long openUntil;
        BooleanSupplier loadFails = () -> false;
        /** Whether the electing thread gets ahead of the working one wherever the lock lets it. */
        boolean overtakes;

        private boolean works;

        Edge(String id) {
            this.id = id;
            this.election = new EdgeElection(seat, id, TTL, () -> now, this, this::queue);
        }

        void queue(Runnable task) {
            if (overtakes && works && !Thread.holdsLock(election)) {
                works = false;
                election.step();
                works = true;
            }
            work.add(task);
        }

        void step() {
            election.step();
            work();
        }

        void work() {
            for (Runnable next = work.poll(); next != null; next = work.poll()) {
                works = true;
                next.run();
                works = false;
            }
        }

        boolean hasAddresses() {
            return did.lastIndexOf("claim") > did.lastIndexOf("stand down");
        }

        boolean speaks() {
            return now < openUntil;
        }

        @Override
        public void load(EdgeSeat.Taken taken) throws IOException {
            if (loadFails.getAsBoolean()) {
                throw new IOException("the kernel's connection tracking did not answer");
            }
            did.add("load after '" + taken.previousHolder() + "'");
        }

        @Override
        public void speakUntil(long bootNanos) {
            if (!speaks()) {
                did.add("open");
            }
            openUntil = bootNanos;
        }

        @Override
        public void claim() {
            did.add("claim");
        }

        @Override
        public void silence() {
            openUntil = 0;
            did.add("silence");
        }

        @Override
        public void standDown() {
            did.add("stand down");
        }
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void stateIsLoadedFirstTheWayOpenedSecondAndTheAddressClaimedLast() {
        a.step();
        assertThat(a.did).containsExactly("load after ''", "open", "claim");
        assertThat(a.election.state()).isEqualTo(EdgeState.ACTIVE);
        b.step();
        assertThat(b.did).isEmpty();
        assertThat(b.election.state()).isEqualTo(EdgeState.STANDBY);
    }

    @Test
    void anEdgeThatDiesIsFollowedAfterItsWholeLeaseAndWasSilentBefore() {
        a.step();
        pass(Duration.ofMillis(1999));
        assertThat(a.speaks()).isTrue();
        pass(Duration.ofMillis(1));
        assertThat(a.speaks()).as("two thirds of its lease are over").isFalse();
        b.step();
        assertThat(b.speaks()).isFalse();
        pass(Duration.ofSeconds(1));
        b.step();
        assertThat(b.did).containsExactly("load after 'edge-a'", "open", "claim");
        assertThat(b.election.fence()).isEqualTo(2);
    }

    @Test
    void aRenewedLeaseIsCountedFromWhenTheRenewalWasSent() {
        a.step();
        long sent = now;
        a.election.step();
        assertThat(a.openUntil).isEqualTo(sent + Duration.ofSeconds(2).toNanos());
    }

    @Test
    void anIsolatedEdgeIsSilentBeforeTheOtherSpeaksAndStandsDownWhenItIsBack() {
        a.step();
        seat.cutOff("edge-a", true);
        for (int i = 0; i < 60; i++) {
            pass(Duration.ofMillis(100));
            a.step();
            b.step();
            assertThat(a.speaks() && b.speaks()).isFalse();
        }
        assertThat(b.election.state()).isEqualTo(EdgeState.ACTIVE);
        assertThat(a.did).endsWith("silence", "stand down");
        seat.cutOff("edge-a", false);
        a.step();
        assertThat(a.election.state()).isEqualTo(EdgeState.STANDBY);
        assertThat(b.speaks()).isTrue();
    }

    @Test
    void afterAnOutageOfTheStoreTheSameEdgeGoesOnWithWhatItsKernelKnows() {
        a.step();
        seat.cutOff("edge-a", true);
        seat.cutOff("edge-b", true);
        for (int i = 0; i < 600; i++) {
            pass(Duration.ofMillis(100));
            a.step();
            b.step();
        }
        assertThat(a.speaks() || b.speaks()).isFalse();
        seat.cutOff("edge-a", false);
        seat.cutOff("edge-b", false);
        a.step();
        assertThat(a.did).endsWith("load after 'edge-a'", "open", "claim");
    }

    @Test
    void anEdgeThatThawsLateDoesNotSpeakAgain() {
        a.step();
        pass(Duration.ofSeconds(60));
        b.step();
        assertThat(b.speaks()).isTrue();
        a.step();
        assertThat(a.speaks()).isFalse();
        assertThat(a.election.state()).isEqualTo(EdgeState.STANDBY);
    }

    @Test
    void aSeatLostDuringTheLoadIsNeitherOpenedNorClaimed() {
        a.election.step();
        pass(Duration.ofSeconds(4));
        b.step();
        a.election.step();
        a.work();
        assertThat(a.did).containsExactly("silence", "load after ''", "stand down");
        assertThat(a.speaks()).isFalse();
        assertThat(b.speaks()).isTrue();
    }

    @Test
    void aLoadThatTakesLongerThanTheLeaseIsKeptAliveByRenewals() {
        a.election.step();
        for (int i = 0; i < 20; i++) {
            pass(Duration.ofMillis(500));
            a.election.step();
            b.step();
        }
        assertThat(a.election.state()).isEqualTo(EdgeState.LOADING);
        assertThat(a.speaks()).isFalse();
        a.work();
        assertThat(a.election.state()).isEqualTo(EdgeState.ACTIVE);
        assertThat(a.speaks()).isTrue();
        assertThat(b.did).isEmpty();
    }

    @Test
    void anEdgeThatCannotServeLeavesTheSeatToTheOther() {
        a.loadFails = () -> true;
        a.step();
        assertThat(a.election.state()).isEqualTo(EdgeState.STANDBY);
        b.step();
        assertThat(b.election.state()).isEqualTo(EdgeState.ACTIVE);
    }

    @Test
    void anEdgeThatStopsIsSilentBeforeItLeavesAndTheOtherTakesOverAtOnce() {
        a.step();
        a.election.close();
        assertThat(a.speaks()).isFalse();
        assertThat(seat.holder()).isEmpty();
        b.step();
        assertThat(b.speaks()).isTrue();
    }

    @Test
    void anEdgeThatComesBackDoesNotTakeTheSeatFromWhoServes() {
        a.step();
        pass(Duration.ofSeconds(4));
        b.step();
        for (int i = 0; i < 40; i++) {
            pass(Duration.ofMillis(250));
            b.step();
            a.step();
        }
        assertThat(b.election.state()).isEqualTo(EdgeState.ACTIVE);
        assertThat(a.election.state()).isEqualTo(EdgeState.STANDBY);
    }

    @Test
    void anActiveEdgeHasItsAddressesAndAStandbyHasNotHoweverItsThreadsOvertakeEachOther() {
        for (long seed = 1; seed <= 300; seed++) {
            EdgeElectionTest world = new EdgeElectionTest();
            Random random = new Random(seed);
            Edge edge = world.a;
            edge.overtakes = true;
            edge.loadFails = () -> random.nextInt(3) == 0;
            for (int i = 0; i < 100; i++) {
                world.pass(Duration.ofMillis(random.nextInt(800)));
                world.seat.cutOff(edge.id, random.nextInt(6) == 0);
                edge.election.step();
                if (random.nextInt(3) > 0) {
                    edge.work();
                    assertThat(edge.hasAddresses())
                            .as("seed %d, step %d: %s after %s", seed, i, edge.election.state(), edge.did)
                            .isEqualTo(edge.election.state() == EdgeState.ACTIVE);
                }
            }
        }
    }

    @Test
    void aStepThatFailsUnexpectedlyEndsNeitherTheElectionNorTheLease() {
        a.step();
        seat.breaks("edge-a", true);
        a.step();
        assertThat(a.election.state()).isEqualTo(EdgeState.ACTIVE);
        pass(Duration.ofSeconds(3));
        a.step();
        assertThat(a.election.state()).isEqualTo(EdgeState.STANDBY);
        a.step();
        seat.breaks("edge-a", false);
        a.step();
        assertThat(a.election.state()).isEqualTo(EdgeState.ACTIVE);
        assertThat(a.election.takings()).isEqualTo(2);
    }

    @Test
    void anEdgeThatHandsOverDoesNotTakeTheSeatBack() {
        a.step();
        a.election.withdraw();
        assertThat(a.speaks()).isFalse();
        a.step();
        assertThat(a.did).endsWith("silence", "stand down");
        assertThat(a.election.state()).isEqualTo(EdgeState.STANDBY);
        b.step();
        assertThat(b.speaks()).isTrue();
        pass(Duration.ofMinutes(1));
        a.step();
        assertThat(a.election.state()).isEqualTo(EdgeState.STANDBY);
    }

    @Test
    void aSeatThatIsTakenWhileTheEdgeHandsOverIsLeftAtOnce() {
        seat.beforeTaking(a.election::withdraw);
        a.step();
        assertThat(a.did).isEmpty();
        assertThat(seat.holder()).isEmpty();
        b.step();
        assertThat(b.speaks()).isTrue();
    }

    @Test
    void theLeaseThatIsLeftIsThatOfTheLastRenewal() {
        assertThat(a.election.leaseLeft()).isZero();
        a.step();
        assertThat(a.election.leaseLeft()).isEqualTo(Duration.ofSeconds(2));
        pass(Duration.ofMillis(500));
        assertThat(a.election.leaseLeft()).isEqualTo(Duration.ofMillis(1500));
        a.step();
        assertThat(a.election.leaseLeft()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void neverDoTwoSpeakWhateverIsCutOffAndFrozen() {
        for (long seed = 1; seed <= 300; seed++) {
            EdgeElectionTest world = new EdgeElectionTest();
            Random random = new Random(seed);
            int spoke = 0;
            for (int i = 0; i < 400; i++) {
                world.pass(Duration.ofMillis(random.nextInt(400)));
                if (random.nextInt(12) == 0) {
                    world.seat.cutOff(random.nextBoolean() ? "edge-a" : "edge-b", random.nextBoolean());
                }
                for (Edge edge : List.of(world.a, world.b)) {
                    if (random.nextInt(4) > 0) { // otherwise it stands still
                        edge.election.step();
                    }
                    if (random.nextInt(3) > 0) {
                        edge.work();
                    }
                }
                assertThat(world.a.speaks() && world.b.speaks())
                        .as("seed %d, step %d", seed, i)
                        .isFalse();
                spoke += world.a.speaks() || world.b.speaks() ? 1 : 0;
            }
            assertThat(spoke).as("seed %d", seed).isGreaterThan(20);
        }
    }

    @Test
    void theStatesAreThoseOfTheTable() {
        assertThat(EdgeState.STANDBY.next()).isEqualTo(Set.of(EdgeState.LOADING));
        assertThat(EdgeState.LOADING.next()).isEqualTo(Set.of(EdgeState.ACTIVE, EdgeState.STANDBY));
        assertThat(EdgeState.ACTIVE.next()).isEqualTo(Set.of(EdgeState.STANDBY));
    }

    @Test
    void aLeaseThatIsTooShortIsRefused() {
        assertThatThrownBy(() -> new EdgeElection(seat, "edge-a", Duration.ofMillis(100), () -> now, a, Runnable::run))
                .hasMessageContaining("is below");
    }
}
