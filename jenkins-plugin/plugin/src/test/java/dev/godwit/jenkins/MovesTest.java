package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.jenkins.broker.OnMoveFailure;
import dev.godwit.jenkins.sim.SimBuild;
import hudson.model.Action;
import hudson.model.CauseAction;
import hudson.model.Executor;
import hudson.model.Queue;
import hudson.model.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What events of VMs do to nodes and builds. */
@NullUnmarked
class MovesTest {
    @TempDir
    Path home;

    private SimulatedCloud cloud;
    private SimBuild build;
    private GodwitComputer computer;

    private void running(GodwitAgentTemplate template) {
        cloud = new SimulatedCloud(home, template);
        cloud.simulator.advance(Duration.ofSeconds(1_005));
        build = cloud.build();
        cloud.simulator.waited(build, Duration.ofSeconds(30));
        computer = cloud.only();
    }

    private static GodwitAgentTemplate template(OnMoveFailure wanted) {
        GodwitAgentTemplate template = SimulatedCloud.template();
        template.setOnMoveFailure(wanted);
        template.setOneShot(false);
        template.setExecutors(2);
        return template;
    }

    @Test
    void aMoveIsOneLineInTheBuildsLog() {
        running(SimulatedCloud.template());
        cloud.agents().events.moving(computer.getName(), "host-a");
        cloud.agents().events.moved(computer.getName(), "host-a", "host-b", 46.7);
        assertThat(cloud.buildLog.text()).isEqualTo("Godwit: moved host-a → host-b, paused 47 ms\n");
        assertThat(computer.getNode().getHost()).isEqualTo("host-b");
    }

    @Test
    void aMovingNodeTakesNoBuildAndStays() {
        running(template(OnMoveFailure.FAIL));
        cloud.agents().events.moving(computer.getName(), "host-a");
        SimBuild second = cloud.build();
        cloud.simulator.waited(second, Duration.ofSeconds(5));
        assertThat(computer.countBusy()).isEqualTo(1);
        assertThat(cloud.computers()).hasSize(2);
        computer.finish(computer.getExecutors().get(0), null);
        cloud.simulator.advance(Duration.ofMinutes(10));
        assertThat(cloud.computers()).contains(computer);
        assertThat(cloud.agents().started).hasSize(2);
        cloud.agents().events.movedBack(computer.getName(), "host-a", "host-b refused");
        assertThat(computer.isAcceptingTasks()).isTrue();
    }

    @Test
    void aMoveThatFailedIsALineInTheBuildsLogWithItsCause() {
        running(SimulatedCloud.template());
        cloud.agents().events.moving(computer.getName(), "host-a");
        cloud.agents().events.movedBack(computer.getName(), "host-a", "host-b lacks memory");
        assertThat(cloud.buildLog.text()).isEqualTo("Godwit: not moved, it runs on at host-a: host-b lacks memory\n");
    }

    @Test
    void aNodeGoesAfterItsLostBuildHasEndedWithItsCause() {
        running(template(OnMoveFailure.FAIL));
        build.endsAfter(3_000);
        cloud.agents().events.lost(computer.getName(), "host-a was reclaimed");
        cloud.simulator.advance(Duration.ofSeconds(2));
        assertThat(computer.finished).isEmpty();
        assertThat(cloud.computers())
                .as("a build whose node is gone can't say why")
                .contains(computer);
        cloud.simulator.advance(Duration.ofSeconds(3));
        assertThat(computer.finished.get(0).interruptions)
                .containsExactly(new VmLost(computer.getName(), "host-a was reclaimed"));
        assertThat(cloud.computers()).isEmpty();
        assertThat(cloud.agents().terminated).containsExactly(computer.getName());
    }

    @Test
    void aBuildThatDoesNotEndKeepsItsLostNodeForAMinuteOnly() {
        running(template(OnMoveFailure.FAIL));
        build.endsAfter(Duration.ofHours(1).toMillis());
        cloud.agents().events.lost(computer.getName(), "host-a was reclaimed");
        cloud.simulator.advance(Duration.ofSeconds(CloudEvents.ENDING_SECONDS_MAX + 2));
        assertThat(cloud.computers()).isEmpty();
    }

    @Test
    void aBuildOfBeforeARestartEndsWithTheCauseWhenItsAgentCannotBeStarted() {
        running(template(OnMoveFailure.FAIL));
        build.endsAfter(1_000);
        computer.channelBroke();
        cloud.agents().refuses = "VM " + computer.getName() + " is not there any more.";
        computer.connect(true);
        cloud.simulator.advance(Duration.ofMillis(500));
        assertThat(cloud.computers()).contains(computer);
        cloud.simulator.advance(Duration.ofSeconds(3));
        assertThat(cloud.buildLog.text()).contains("the agent can't be started: VM " + computer.getName());
        assertThat(computer.finished.get(0).interruptions).hasSize(1);
        assertThat(cloud.computers()).isEmpty();
    }

    @Test
    void aLostVmInterruptsItsBuildsWithACauseOfItsOwn() {
        running(template(OnMoveFailure.FAIL));
        cloud.agents().events.lost(computer.getName(), "host-a was reclaimed");
        Executor ended = computer.finished.get(0);
        assertThat(ended.result).isSameAs(Result.ABORTED);
        assertThat(ended.interruptions).containsExactly(new VmLost(computer.getName(), "host-a was reclaimed"));
        assertThat(cloud.buildLog.text()).contains("Godwit: the VM is lost: host-a was reclaimed");
        assertThat(LostNodes.cause(computer.getName())).contains("host-a was reclaimed");
        cloud.simulator.advance(Duration.ofSeconds(1));
        assertThat(cloud.computers()).isEmpty();
        assertThat(cloud.agents().terminated).containsExactly(computer.getName());
        assertThat(Queue.getInstance().scheduled).isEmpty();
    }

    @Test
    void exactlyTheLostBuildIsResubmitted() {
        running(template(OnMoveFailure.RESUBMIT));
        SimBuild other = cloud.build();
        cloud.simulator.waited(other, Duration.ofSeconds(5));
        computer.finish(computer.getExecutors().get(1), new IllegalStateException("an older one that failed"));
        Action parameters = new Parameters();
        build.addAction(parameters);
        cloud.agents().events.lost(computer.getName(), "host-a was reclaimed");
        Queue.Scheduled again = Queue.getInstance().scheduled.get(0);
        assertThat(Queue.getInstance().scheduled).hasSize(1);
        assertThat(again.task()).isSameAs(build.getParent());
        assertThat(again.actions()).contains(parameters);
        CauseAction causes = (CauseAction) again.actions().get(1);
        assertThat(causes.getCauses().get(0).getShortDescription())
                .isEqualTo(
                        "Resubmitted by Godwit: " + build.getFullDisplayName() + " lost its VM: host-a was reclaimed");
    }

    @Test
    void aBuildThatIsKeptWaitingIsNotInterruptedAndItsNodeGoesAfterFiveMinutes() {
        running(template(OnMoveFailure.KEEP_WAITING));
        cloud.agents().events.lost(computer.getName(), "host-a was reclaimed");
        assertThat(computer.finished).allMatch(each -> each.interruptions.isEmpty());
        cloud.simulator.advance(Duration.ofMinutes(4));
        assertThat(cloud.computers()).contains(computer);
        cloud.simulator.advance(Duration.ofMinutes(2));
        assertThat(cloud.computers()).isEmpty();
    }

    @Test
    void anAgentThatEndsUnderABuildIsStartedAgainInTheSameVm() {
        running(template(OnMoveFailure.FAIL));
        String node = computer.getName();
        cloud.agents().events.ended(node, 137, "killed");
        cloud.simulator.advance(Duration.ofSeconds(1));
        assertThat(cloud.buildLog.text()).contains("the agent ended in its VM, which runs on");
        assertThat(cloud.agents().terminated).isEmpty();
    }

    @Test
    void anIdleAgentThatEndsIsRemoved() {
        running(template(OnMoveFailure.FAIL));
        computer.finish(computer.getExecutors().get(0), null);
        cloud.agents().events.ended(computer.getName(), 137, "killed");
        cloud.simulator.advance(Duration.ofSeconds(1));
        assertThat(cloud.computers()).isEmpty();
    }

    @Test
    void anEventOfAVmWithoutANodeRemovesTheVm() {
        running(SimulatedCloud.template());
        cloud.agents().events.lost("c-unknown", "gone");
        assertThat(cloud.agents().terminated).containsExactly("c-unknown");
    }

    private static final class Parameters implements Queue.QueueAction {
        @Override
        public boolean shouldSchedule(List<Action> actions) {
            return true;
        }

        @Override
        public String getIconFileName() {
            return "";
        }

        @Override
        public String getDisplayName() {
            return "parameters";
        }

        @Override
        public String getUrlName() {
            return "";
        }
    }
}
