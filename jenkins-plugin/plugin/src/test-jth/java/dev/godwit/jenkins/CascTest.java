package dev.godwit.jenkins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.godwit.jenkins.broker.OnMoveFailure;
import io.jenkins.plugins.casc.misc.junit.jupiter.AbstractRoundTripTest;
import org.jvnet.hudson.test.JenkinsRule;
import org.jvnet.hudson.test.junit.jupiter.WithJenkins;

/** Configuration as code, there and back. */
@WithJenkins
class CascTest extends AbstractRoundTripTest {
    @Override
    protected void assertConfiguredAsExpected(JenkinsRule rule, String configContent) {
        GodwitCloud cloud = (GodwitCloud) rule.jenkins.getCloud("godwit");
        assertEquals(50, cloud.getInstanceCap());
        GodwitAgentTemplate template = cloud.getAgentTemplates().get(0);
        assertEquals("c-build linux", template.getLabels());
        assertEquals(4, template.getVcpus());
        assertEquals(OnMoveFailure.RESUBMIT, template.getOnMoveFailure());
        assertTrue(template.isOneShot());
    }

    @Override
    protected String configResource() {
        return "casc.yml";
    }

    @Override
    protected String stringInLogExpected() {
        return "godwit";
    }
}
