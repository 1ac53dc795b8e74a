package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.client.Endpoint;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each bad value is refused with a sentence that holds it. */
class ValuesTest {
    @Test
    void badValuesOfAnAgentTemplateAreNamed() {
        assertBad("Bad Name", AgentTemplate.named("Bad Name", "debian-ci"));
        assertBad("\"a b\"", AgentTemplate.named("a", "a b"));
        assertBad("vcpus 0", AgentTemplate.named("a", "i").size(0, 512, 1024));
        assertBad("memoryMib 12", AgentTemplate.named("a", "i").size(1, 12, 1024));
        assertBad("diskMib 1", AgentTemplate.named("a", "i").size(1, 512, 1));
        assertBad("executors 65", AgentTemplate.named("a", "i").executors(65));
        assertBad("instanceCap 0", AgentTemplate.named("a", "i").instanceCap(0));
        assertBad("idleMinutes -1", AgentTemplate.named("a", "i").retention(-1, false));
        assertBad("spareAgents 11", AgentTemplate.named("a", "i").spareAgents(11));
        assertBad("\"no such\"", AgentTemplate.named("a", "i").runAs("no such", "/work"));
        assertBad("\"work\"", AgentTemplate.named("a", "i").runAs("jenkins", "work"));
        assertBad("startTimeout in seconds 0", AgentTemplate.named("a", "i").startTimeout(Duration.ZERO));
        assertBad("\"A B\"", AgentTemplate.named("a", "i").project("A B"));
        assertBad("\"1X\"", AgentTemplate.named("a", "i").environment(Map.of("1X", "y")));
    }

    private static void assertBad(String shown, AgentTemplate.Builder values) {
        assertThatThrownBy(values::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(shown);
    }

    @Test
    void badSettingsAreNamed() {
        AgentTemplate template = AgentTemplate.named("a", "i").build();
        List<Endpoint> at = List.of(Endpoint.parse("unix:/run/godwit/hostd.sock"));
        Duration ttl = BrokerSettings.LEASE_TTL;
        assertThatThrownBy(() -> new BrokerSettings("c", "o", List.of(), null, 1, List.of(), ttl))
                .hasMessageContaining("no endpoint");
        assertThatThrownBy(() -> new BrokerSettings("c", "o", at, null, 0, List.of(), ttl))
                .hasMessageContaining("instanceCap 0 is below 1");
        assertThatThrownBy(() -> new BrokerSettings("c", "o", at, null, 1, List.of(template, template), ttl))
                .hasMessageContaining("two agent templates have the name \"a\"");
        assertThatThrownBy(() -> new BrokerSettings("c", "o", at, null, 1, List.of(), Duration.ofSeconds(5)))
                .hasMessageContaining("leaseTtl in seconds 5");
    }

    @Test
    void aBadSecretIsNotRepeated() {
        assertThatThrownBy(() -> new AgentConnection(URI.create("http://j/"), "n", "s3cret with a space", true))
                .hasMessageNotContaining("s3cret");
        assertThatThrownBy(() -> new AgentConnection(URI.create("ftp://j/"), "n", "abc", true))
                .hasMessageContaining("ftp://j/");
    }

    @Test
    void anAgentThatIsLostOrTerminatedNeverComesBack() {
        for (AgentState state : AgentState.values()) {
            assertThat(AgentState.TERMINATING.mayBecome(state)).isFalse();
            assertThat(AgentState.LOST.mayBecome(state)).isEqualTo(state == AgentState.TERMINATING);
            assertThat(state.mayBecome(AgentState.TERMINATING)).isEqualTo(state != AgentState.TERMINATING);
        }
    }

    @Test
    void figuresAreNearestRanksOfTheLastSamples() {
        ProvisioningTimes times = new ProvisioningTimes();
        assertThat(times.summary("t")).isEmpty();
        for (int i = 1; i <= 220; i++) {
            Duration all = Duration.ofMillis(i);
            times.add("t", new ProvisioningTimes.Sample(all, Duration.ZERO, Duration.ZERO, Duration.ZERO));
        }
        ProvisioningTimes.Summary summary = times.summary("t").orElseThrow();
        assertThat(summary.samples()).isEqualTo(ProvisioningTimes.SAMPLES_MAX);
        assertThat(summary.plugin().p50()).isEqualTo(Duration.ofMillis(120));
        assertThat(summary.total().p95()).isEqualTo(Duration.ofMillis(210));
    }
}
