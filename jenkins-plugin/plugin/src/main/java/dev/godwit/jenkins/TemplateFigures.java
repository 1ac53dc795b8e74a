package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentStatus;
import dev.godwit.jenkins.broker.CloudLog;
import dev.godwit.jenkins.broker.ProvisioningTimes;
import dev.godwit.jenkins.broker.ProvisioningTimes.Figure;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** A line of the table on the cloud's page: an agent template, its nodes and how long they took. */
public final class TemplateFigures {
    private final GodwitAgentTemplate template;
    private final long nodes;
    private final Optional<ProvisioningTimes.Summary> times;
    private final String refusal;

    private TemplateFigures(
            GodwitAgentTemplate template, long nodes, Optional<ProvisioningTimes.Summary> times, String refusal) {
        this.template = template;
        this.nodes = nodes;
        this.times = times;
        this.refusal = refusal;
    }

    static TemplateFigures of(GodwitAgentTemplate template, Optional<CloudAgents> agents) {
        List<AgentStatus> all = agents.map(CloudAgents::agents).orElse(List.of());
        List<CloudLog.Entry> log = agents.map(CloudAgents::log).orElse(List.of());
        String last = "";
        for (CloudLog.Entry entry : log) {
            if (template.getName().equals(entry.agentTemplate())) {
                last = entry.sentence();
            }
        }
        return new TemplateFigures(
                template,
                all.stream()
                        .filter(each -> each.agentTemplate().equals(template.getName()))
                        .count(),
                agents.flatMap(each -> each.times(template.getName())),
                last);
    }

    public String getName() {
        return template.getName();
    }

    public String getLabels() {
        return template.getLabels();
    }

    public String getNodes() {
        return nodes + " of " + template.getInstanceCap();
    }

    public int getSamples() {
        return times.map(ProvisioningTimes.Summary::samples).orElse(0);
    }

    /** From the queue to a connected agent, p50 and p95 in seconds. */
    public String getTotal() {
        return shown(ProvisioningTimes.Summary::total);
    }

    public String getPlugin() {
        return shown(ProvisioningTimes.Summary::plugin);
    }

    public String getVmStart() {
        return shown(ProvisioningTimes.Summary::vmStart);
    }

    public String getAgentStart() {
        return shown(ProvisioningTimes.Summary::agentStart);
    }

    public String getConnect() {
        return shown(ProvisioningTimes.Summary::connect);
    }

    /** What was said of it last; empty when nothing. */
    public String getRefusal() {
        return refusal;
    }

    private String shown(Function<ProvisioningTimes.Summary, Figure> part) {
        return times.map(part)
                .map(figure -> seconds(figure.p50()) + " / " + seconds(figure.p95()))
                .orElse("");
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.2f", time.toMillis() / 1000.0);
    }
}
