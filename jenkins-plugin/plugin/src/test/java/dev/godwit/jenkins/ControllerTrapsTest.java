package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.jenkins.sim.SimBuild;
import dev.godwit.jenkins.sim.Simulator;
import dev.godwit.jenkins.sim.StockCloud;
import hudson.slaves.SlaveComputer;
import java.nio.file.Path;
import java.time.Duration;
import jenkins.model.Jenkins;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each trap of a real controller, with what Jenkins offers and with ours. Times are the simulator's. */
class ControllerTrapsTest {
    private static final Duration STEADY = Duration.ofSeconds(1_005);
    private static final Duration LIMIT = Duration.ofSeconds(300);

    @TempDir
    Path home;

    private final StockCloud.StockStrategy stockStrategy = new StockCloud.StockStrategy();

    private Simulator stock() {
        Simulator simulator = Simulator.start(home);
        simulator.strategies.add(stockStrategy);
        Jenkins.get().clouds.add(new StockCloud());
        return simulator;
    }

    private SimulatedCloud ours() {
        return new SimulatedCloud(home, SimulatedCloud.template());
    }

    @Test
    void aPlannedNodeWaitsForTheNextTenSecondClock() {
        Simulator simulator = stock();
        simulator.advance(STEADY);
        SimBuild build = simulator.build("c-build");
        simulator.waited(build, LIMIT);
        long added = build.startedMillis() - stockStrategy.provisionedMillis.get(0);
        assertThat(added).isBetween(10_000L, 10_100L);
    }

    @Test
    void ourNodeIsAddedInTheReviewThatAsksForIt() {
        SimulatedCloud cloud = ours();
        cloud.simulator.advance(STEADY);
        SimBuild build = cloud.build();
        assertThat(cloud.simulator.waited(build, LIMIT)).isLessThan(Duration.ofMillis(100));
    }

    @Test
    void ourNodeWaitsASecondAtMostWhenAReviewHasJustBeen() {
        SimulatedCloud cloud = ours();
        cloud.simulator.advance(STEADY);
        cloud.provisioner().update();
        SimBuild build = cloud.build();
        assertThat(cloud.simulator.waited(build, LIMIT)).isLessThan(Duration.ofMillis(1_100));
    }

    @Test
    void theStockStrategyDecidesAHundredSecondsAfterTheStart() {
        Simulator simulator = stock();
        simulator.advance(Duration.ofSeconds(25));
        SimBuild build = simulator.build("c-build");
        simulator.waited(build, LIMIT);
        assertThat(stockStrategy.provisionedMillis.get(0) - build.queuedMillis())
                .isBetween(75_000L, 75_100L);
    }

    @Test
    void oursDecidesAtOnceAfterTheStart() {
        SimulatedCloud cloud = ours();
        cloud.simulator.advance(Duration.ofSeconds(25));
        SimBuild build = cloud.build();
        assertThat(cloud.simulator.waited(build, LIMIT)).isLessThan(Duration.ofMillis(100));
    }

    @Test
    void aDeadNodeKeepsTheStockStrategyFromMakingANewOne() {
        Simulator simulator = stock();
        simulator.advance(STEADY);
        simulator.waited(simulator.build("c-build"), LIMIT);
        SlaveComputer dead = (SlaveComputer) simulator.computers().get(0);
        simulator.kill(dead);
        simulator.build("c-build");
        // Just short of the minute after which the one-shot strategy dials; measured was 45 s.
        simulator.advance(Duration.ofSeconds(40));
        assertThat(stockStrategy.provisionedMillis).hasSize(1);
        assertThat(simulator.computers()).hasSize(1);
    }

    @Test
    void aDeadNodeOfOursIsDroppedAtOnce() {
        SimulatedCloud cloud = ours();
        cloud.simulator.advance(STEADY);
        cloud.simulator.waited(cloud.build(), LIMIT);
        GodwitComputer dead = cloud.only();
        cloud.agents().events.lost(dead.getName(), "host-a is gone");
        SimBuild next = cloud.build();
        assertThat(cloud.simulator.waited(next, Duration.ofSeconds(40))).isLessThan(Duration.ofMillis(1_200));
        assertThat(cloud.agents().started).hasSize(2);
    }

    @Test
    void aNodeThatIsKeptWaitingKeepsNoOtherFromBeingMade() {
        SimulatedCloud cloud = ours();
        cloud.simulator.advance(STEADY);
        cloud.simulator.waited(cloud.build(), LIMIT);
        GodwitComputer lost = cloud.only();
        cloud.agents().events.lost(lost.getName(), "host-a is gone");
        SimBuild next = cloud.build();
        cloud.simulator.waited(next, Duration.ofSeconds(40));
        assertThat(next.startedMillis()).isPositive();
        assertThat(lost.offlineCause).hasToString("The VM is lost: host-a is gone");
    }

    @Test
    void theStockStrategyStartsASecondAgentInALongPause() {
        Simulator simulator = stock();
        simulator.advance(STEADY);
        simulator.waited(simulator.build("c-build"), LIMIT);
        SlaveComputer moving = (SlaveComputer) simulator.computers().get(0);
        simulator.stall(moving, Duration.ofSeconds(200));
        simulator.advance(Duration.ofSeconds(190));
        assertThat(moving.log()).contains("Connection Idle Timeout");
        assertThat(moving.launches()).isGreaterThan(1);
    }

    @Test
    void oursWaitsForTheSameAgentInALongPause() {
        SimulatedCloud cloud = ours();
        cloud.simulator.advance(STEADY);
        cloud.simulator.waited(cloud.build(), LIMIT);
        GodwitComputer moving = cloud.only();
        cloud.agents().events.moving(moving.getName(), "host-a");
        cloud.simulator.stall(moving, Duration.ofSeconds(70));
        cloud.simulator.advance(Duration.ofSeconds(69));
        assertThat(moving.isOnline()).isFalse();
        assertThat(cloud.computers()).containsExactly(moving);
        cloud.simulator.advance(Duration.ofSeconds(2));
        assertThat(moving.isOnline()).isTrue();
        assertThat(moving.launches()).isEqualTo(1);
        assertThat(cloud.agents().terminated).isEmpty();
    }

    @Test
    void aMissedPingMakesTheStockStrategyStartASecondAgent() {
        Simulator simulator = stock();
        simulator.webSocketIdle = Duration.ofSeconds(600);
        simulator.advance(STEADY);
        simulator.waited(simulator.build("c-build"), LIMIT);
        SlaveComputer moving = (SlaveComputer) simulator.computers().get(0);
        simulator.stall(moving, Duration.ofSeconds(320));
        simulator.advance(Duration.ofSeconds(310));
        assertThat(moving.log()).contains("Ping failed");
        assertThat(moving.launches()).isGreaterThan(1);
    }

    @Test
    void aMissedPingMakesOursWaitForTheSameAgent() {
        SimulatedCloud cloud = ours();
        cloud.simulator.webSocketIdle = Duration.ofSeconds(600);
        cloud.simulator.advance(STEADY);
        cloud.simulator.waited(cloud.build(), LIMIT);
        GodwitComputer moving = cloud.only();
        cloud.agents().events.moving(moving.getName(), "host-a");
        cloud.simulator.stall(moving, Duration.ofSeconds(320));
        cloud.simulator.advance(Duration.ofSeconds(310));
        assertThat(moving.log()).contains("Ping failed");
        assertThat(moving.launches()).isEqualTo(1);
        cloud.simulator.advance(Duration.ofSeconds(11));
        assertThat(moving.isOnline()).isTrue();
        assertThat(cloud.computers()).containsExactly(moving);
    }

    @Test
    void aPauseOfTenSecondsBreaksNothing() {
        SimulatedCloud cloud = ours();
        cloud.simulator.advance(STEADY);
        SimBuild build = cloud.build();
        cloud.simulator.waited(build, LIMIT);
        GodwitComputer moving = cloud.only();
        cloud.agents().events.moving(moving.getName(), "host-a");
        cloud.simulator.stall(moving, Duration.ofSeconds(10));
        cloud.simulator.advance(Duration.ofSeconds(11));
        cloud.agents().events.moved(moving.getName(), "host-a", "host-b", 10_000.0);
        assertThat(moving.isOnline()).isTrue();
        assertThat(moving.countBusy()).isEqualTo(1);
    }

    @Test
    void theControllersTimeOutsAreComparedWithThePauseLimit() {
        WebSocketTimeouts stockTimeouts = new WebSocketTimeouts(60, 30);
        assertThat(stockTimeouts.warning(30)).isEmpty();
        assertThat(stockTimeouts.warning(31).orElseThrow())
                .contains("31 s", "30 s", "-Djenkins.websocket.idleTimeout=61");
        assertThat(new WebSocketTimeouts(300, 30).warning(240)).isEmpty();
    }
}
