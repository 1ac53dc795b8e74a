package dev.godwit.jenkins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.htmlunit.FailingHttpStatusCodeException;
import org.htmlunit.HttpMethod;
import org.htmlunit.WebRequest;
import org.htmlunit.html.HtmlForm;
import org.junit.jupiter.api.Test;
import org.jvnet.hudson.test.JenkinsRule;
import org.jvnet.hudson.test.MockAuthorizationStrategy;
import org.jvnet.hudson.test.junit.jupiter.WithJenkins;

/** The form keeps what it is given, and its web methods ask who calls. */
@WithJenkins
class FormRoundTripTest {
    @Test
    void aSavedFormChangesNothing(JenkinsRule rule) throws Exception {
        GodwitAgentTemplate template = new GodwitAgentTemplate("c", "debian-jenkins");
        template.setLabels("c-build");
        template.setEnvironment("A=1");
        GodwitCloud cloud = new GodwitCloud("godwit", "unix:/nowhere", null);
        cloud.setAgentTemplates(List.of(template));
        rule.jenkins.clouds.add(cloud);
        HtmlForm form = rule.createWebClient().goTo("manage/cloud/godwit/configure").getFormByName("config");
        rule.submit(form);
        GodwitCloud saved = (GodwitCloud) rule.jenkins.getCloud("godwit");
        rule.assertEqualDataBoundBeans(cloud, saved);
        rule.createWebClient().goTo("manage/cloud/godwit/");
    }

    @Test
    void webMethodsRefuseAReaderAndAGet(JenkinsRule rule) throws Exception {
        rule.jenkins.setSecurityRealm(rule.createDummySecurityRealm());
        rule.jenkins.setAuthorizationStrategy(
                new MockAuthorizationStrategy().grant(jenkins.model.Jenkins.READ).everywhere().to("reader"));
        String url = rule.getURL() + "descriptorByName/" + GodwitCloud.class.getName() + "/testConnection";
        JenkinsRule.WebClient reader = rule.createWebClient().login("reader");
        WebRequest post = reader.addCrumb(new WebRequest(new java.net.URL(url), HttpMethod.POST));
        assertEquals(403, assertThrows(FailingHttpStatusCodeException.class, () -> reader.getPage(post)).getStatusCode());
        assertEquals(
                405,
                assertThrows(FailingHttpStatusCodeException.class, () -> reader.getPage(new java.net.URL(url)))
                        .getStatusCode());
    }
}
