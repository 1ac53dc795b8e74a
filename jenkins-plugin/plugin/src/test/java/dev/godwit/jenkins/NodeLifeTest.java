package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.jenkins.sim.SimBuild;
import hudson.slaves.SlaveComputer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import jenkins.model.Jenkins;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a reservation to the node's end. */
class NodeLifeTest {
    @TempDir
    Path home;

    @Test
    void aOneShotNodeGoesAfterItsBuildAndEachBuildGetsItsOwn() {
        SimulatedCloud cloud = new SimulatedCloud(home, SimulatedCloud.template());
        cloud.simulator.advance(Duration.ofSeconds(1_005));
        SimBuild first = cloud.build();
        cloud.simulator.waited(first, Duration.ofSeconds(5));
        GodwitComputer computer = cloud.only();
        SimBuild second = cloud.build();
        cloud.simulator.waited(second, Duration.ofSeconds(5));
        assertThat(cloud.agents().started).hasSize(2);
        computer.finish(computer.getExecutors().get(0), null);
        cloud.simulator.advance(Duration.ofMillis(1));
        assertThat(cloud.computers()).hasSize(1).doesNotContain(computer);
        assertThat(cloud.agents().terminated).containsExactly(computer.getName());
    }

    @Test
    void aNodeThatIsKeptGoesWhenItWasIdleForLongEnough() {
        GodwitAgentTemplate template = SimulatedCloud.template();
        template.setOneShot(false);
        template.setIdleMinutes(5);
        SimulatedCloud cloud = new SimulatedCloud(home, template);
        cloud.simulator.advance(Duration.ofSeconds(1_005));
        cloud.simulator.waited(cloud.build(), Duration.ofSeconds(5));
        GodwitComputer computer = cloud.only();
        ((GodwitRetention) computer.getNode().getRetentionStrategy()).setClock(cloud.simulator.clock());
        computer.finish(computer.getExecutors().get(0), null);
        cloud.simulator.advance(Duration.ofMinutes(4));
        assertThat(cloud.computers()).containsExactly(computer);
        cloud.simulator.advance(Duration.ofMinutes(3));
        assertThat(cloud.computers()).isEmpty();
    }

    @Test
    void theCapHoldsAndNoRequestIsLost() {
        GodwitAgentTemplate template = SimulatedCloud.template();
        template.setInstanceCap(1_000);
        SimulatedCloud cloud = new SimulatedCloud(home, template);
        cloud.cloud.setInstanceCap(50);
        cloud.simulator.advance(Duration.ofSeconds(1_005));
        List<SimBuild> builds = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            builds.add(cloud.build());
        }
        int most = 0;
        while (builds.stream().anyMatch(build -> build.startedMillis() < 0)) {
            cloud.simulator.advance(Duration.ofSeconds(11));
            most = Math.max(most, cloud.computers().size());
            cloud.computers().forEach(computer -> computer.getExecutors().forEach(each -> computer.finish(each, null)));
        }
        assertThat(most).isEqualTo(50);
        assertThat(cloud.agents().started).hasSize(200).doesNotHaveDuplicates();
    }

    @Test
    void aNodeOfBeforeARestartAttachesToItsVm() throws Exception {
        SimulatedCloud cloud = new SimulatedCloud(home, SimulatedCloud.template());
        GodwitAgent reloaded = new GodwitAgent("godwit", SimulatedCloud.template(), "c-before");
        Jenkins.get().addNode(reloaded);
        cloud.simulator.advance(Duration.ofSeconds(1));
        assertThat(cloud.agents().attached).containsExactly("c-before");
        assertThat(cloud.agents().started).containsExactly("c-before");
        assertThat(cloud.only().isOnline()).isTrue();
    }

    @Test
    void noNodeOfTheControllerIsALeak() throws Exception {
        SimulatedCloud cloud = new SimulatedCloud(home, SimulatedCloud.template());
        FakeAgents agents = cloud.agents();
        Jenkins.get().addNode(new GodwitAgent("godwit", SimulatedCloud.template(), "c-before"));
        String reserved = agents.reserve(any -> true, 1).get(0).node();
        assertThat(agents.known.names()).containsExactlyInAnyOrder("c-before", reserved);
    }

    @Test
    void spareAgentsAreMadeAndKept() throws Exception {
        GodwitAgentTemplate template = SimulatedCloud.template();
        template.setSpareAgents(2);
        SimulatedCloud cloud = new SimulatedCloud(home, template);
        new Upkeep().now(new SlaveComputer.Log());
        cloud.simulator.advance(Duration.ofMinutes(10));
        assertThat(cloud.computers()).hasSize(2);
        cloud.computers()
                .forEach(each -> ((GodwitRetention) ((GodwitAgent) each.getNode()).getRetentionStrategy())
                        .setClock(cloud.simulator.clock()));
        cloud.simulator.advance(Duration.ofMinutes(10));
        new Upkeep().now(new SlaveComputer.Log());
        cloud.simulator.advance(Duration.ofSeconds(1));
        assertThat(cloud.computers()).hasSize(2);
        assertThat(cloud.agents().started).hasSize(2);
    }

    @Test
    void aCloudThatIsRemovedClosesItsBroker() throws Exception {
        SimulatedCloud cloud = new SimulatedCloud(home, SimulatedCloud.template());
        FakeAgents agents = cloud.agents();
        Jenkins.get().clouds.remove(0);
        new Upkeep().now(new SlaveComputer.Log());
        assertThat(agents.closed).isTrue();
    }

    @Test
    void aChangedCloudGoesOnWithTheSameBroker() {
        SimulatedCloud cloud = new SimulatedCloud(home, SimulatedCloud.template());
        FakeAgents before = cloud.agents();
        cloud.cloud.setInstanceCap(3);
        assertThat(cloud.agents()).isSameAs(before);
        assertThat(before.reconfigured).isEqualTo(1);
    }

    @Test
    void theControllersIdIsMadeOnceAndReadAgain() throws Exception {
        String id = ControllerId.in(home);
        assertThat(ControllerId.in(home)).isEqualTo(id);
        Files.writeString(home.resolve(ControllerId.FILE), "not one");
        assertThatThrownBy(() -> ControllerId.in(home)).hasMessageContaining("does not hold a UUID");
    }
}
