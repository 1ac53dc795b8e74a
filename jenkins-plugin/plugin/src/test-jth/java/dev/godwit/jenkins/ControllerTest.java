package dev.godwit.jenkins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import hudson.model.FreeStyleBuild;
import hudson.model.FreeStyleProject;
import hudson.model.Label;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition;
import org.jenkinsci.plugins.workflow.job.WorkflowJob;
import org.jenkinsci.plugins.workflow.job.WorkflowRun;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.jvnet.hudson.test.JenkinsRule;
import org.jvnet.hudson.test.junit.jupiter.RealJenkinsExtension;

/**
 * A controller in a JVM of its own and a real hostd. Needs {@code GODWIT_ENDPOINTS} with a fleet that has the image
 * debian-jenkins and can reach this machine at {@code GODWIT_CONTROLLER_HOST}; the move needs two hosts.
 */
class ControllerTest {
    @RegisterExtension
    final RealJenkinsExtension controller = new RealJenkinsExtension().withTimeout(1_200);

    private static void configure(JenkinsRule rule) throws Exception {
        String endpoints = System.getenv("GODWIT_ENDPOINTS");
        GodwitAgentTemplate template = new GodwitAgentTemplate("c", "debian-jenkins");
        template.setLabels("c-build");
        GodwitCloud cloud = new GodwitCloud("godwit", endpoints, System.getenv("GODWIT_CERTIFICATES"));
        cloud.setControllerUrl("http://" + System.getenv("GODWIT_CONTROLLER_HOST") + ":" + rule.getURL().getPort()
                + rule.contextPath + "/");
        cloud.setAgentTemplates(List.of(template));
        rule.jenkins.clouds.add(cloud);
        rule.jenkins.setNumExecutors(0);
        rule.jenkins.save();
    }

    private static void needsAFleet() {
        Assumptions.assumeTrue(System.getenv("GODWIT_ENDPOINTS") != null, "GODWIT_ENDPOINTS is not set");
    }

    @Test
    void aFreestyleBuildGetsAVmOfItsOwn() throws Throwable {
        needsAFleet();
        controller.then(rule -> {
            configure(rule);
            FreeStyleProject job = rule.createFreeStyleProject();
            job.setAssignedLabel(Label.get("c-build"));
            FreeStyleBuild build = job.scheduleBuild2(0).get(5, TimeUnit.MINUTES);
            rule.assertBuildStatusSuccess(build);
        });
    }

    @Test
    void aPipelineGoesOnAfterARestartOfTheController() throws Throwable {
        needsAFleet();
        controller.then(rule -> {
            configure(rule);
            WorkflowJob job = rule.createProject(WorkflowJob.class, "p");
            job.setDefinition(new CpsFlowDefinition("node('c-build') { sh 'sleep 60; echo survived' }", true));
            WorkflowRun run = job.scheduleBuild2(0).waitForStart();
            rule.waitForMessage("sleep 60", run);
        });
        controller.then(rule -> {
            WorkflowRun run = rule.jenkins.getItemByFullName("p", WorkflowJob.class).getBuildByNumber(1);
            rule.assertBuildStatusSuccess(rule.waitForCompletion(run));
            rule.assertLogContains("survived", run);
            assertEquals(1, run.getNumber());
        });
    }

    @Test
    void aMoveIsALineInThePipelinesLog() throws Throwable {
        needsAFleet();
        String target = System.getenv("GODWIT_MOVE_TARGET");
        Assumptions.assumeTrue(target != null, "GODWIT_MOVE_TARGET is not set");
        controller.then(rule -> {
            configure(rule);
            WorkflowJob job = rule.createProject(WorkflowJob.class, "p");
            job.setDefinition(new CpsFlowDefinition(
                    "godwitTemplate(inheritFrom: 'c') { node(GODWIT_LABEL) { sh 'sleep 120; echo moved with it' } }",
                    true));
            WorkflowRun run = job.scheduleBuild2(0).waitForStart();
            rule.waitForMessage("sleep 120", run);
            GodwitAgent agent = (GodwitAgent) rule.jenkins.getNodes().get(0);
            assertNotNull(agent.getHost());
            int exit = new ProcessBuilder("godwit", "vm", "move", agent.getNodeName(), target)
                    .inheritIO()
                    .start()
                    .waitFor();
            assertEquals(0, exit);
            rule.assertBuildStatusSuccess(rule.waitForCompletion(run));
            rule.assertLogContains("Godwit: moved ", run);
        });
    }
}
