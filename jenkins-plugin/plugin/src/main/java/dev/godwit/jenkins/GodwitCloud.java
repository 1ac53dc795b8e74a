package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentTemplate;
import dev.godwit.jenkins.broker.CloudLog;
import dev.godwit.jenkins.broker.ConnectionReport;
import dev.godwit.jenkins.broker.OptionalField;
import hudson.Extension;
import hudson.model.Descriptor;
import hudson.model.Label;
import hudson.model.Node;
import hudson.slaves.Cloud;
import hudson.slaves.NodeProvisioner.PlannedNode;
import hudson.util.FormValidation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jenkinsci.Symbol;
import org.jspecify.annotations.Nullable;
import org.kohsuke.stapler.DataBoundConstructor;
import org.kohsuke.stapler.DataBoundSetter;
import org.kohsuke.stapler.QueryParameter;
import org.kohsuke.stapler.verb.POST;

/** A cloud whose agents are VMs of a Godwit fleet. Holds configuration; {@link Brokers} has what works by it. */
public class GodwitCloud extends Cloud {
    static final int INSTANCE_CAP = 10;
    static final int LEASE_MINUTES = 15;
    static final int PAUSE_LIMIT_SECONDS = 10;

    private final String endpoints;
    private final @Nullable String certificateDirectory;
    private @Nullable String controllerUrl;
    private int instanceCap = INSTANCE_CAP;
    private int leaseMinutes = LEASE_MINUTES;
    private int pauseLimitSeconds = PAUSE_LIMIT_SECONDS;
    private List<GodwitAgentTemplate> agentTemplates = new ArrayList<>();

    /**
     * A cloud.
     *
     * @param certificateDirectory where the files for https endpoints lie on the controller; empty or null: nowhere
     * @throws IllegalArgumentException an endpoint is not an address
     */
    @DataBoundConstructor
    public GodwitCloud(String name, String endpoints, @Nullable String certificateDirectory) {
        super(name);
        if (CloudFields.endpoints(endpoints).isEmpty()) {
            throw new IllegalArgumentException(
                    "cloud \"" + name + "\" has no endpoint; give one, such as unix:/run/godwit/hostd.sock");
        }
        this.endpoints = endpoints;
        this.certificateDirectory = emptyToNull(certificateDirectory);
    }

    public String getEndpoints() {
        return endpoints;
    }

    public @Nullable String getCertificateDirectory() {
        return certificateDirectory;
    }

    public @Nullable String getControllerUrl() {
        return controllerUrl;
    }

    @DataBoundSetter
    public void setControllerUrl(@Nullable String value) {
        controllerUrl = emptyToNull(value);
    }

    public int getInstanceCap() {
        return instanceCap;
    }

    @DataBoundSetter
    public void setInstanceCap(int value) {
        instanceCap = value;
    }

    public int getLeaseMinutes() {
        return leaseMinutes;
    }

    @DataBoundSetter
    public void setLeaseMinutes(int value) {
        leaseMinutes = value;
    }

    public int getPauseLimitSeconds() {
        return pauseLimitSeconds;
    }

    @DataBoundSetter
    public void setPauseLimitSeconds(int value) {
        pauseLimitSeconds = value;
    }

    public List<GodwitAgentTemplate> getAgentTemplates() {
        return agentTemplates;
    }

    /**
     * Takes agent templates.
     *
     * @throws IllegalArgumentException a value is out of its bounds, or the connected hostd has no means for it
     */
    @DataBoundSetter
    public void setAgentTemplates(@Nullable List<GodwitAgentTemplate> value) {
        List<GodwitAgentTemplate> wanted = value == null ? new ArrayList<>() : new ArrayList<>(value);
        for (GodwitAgentTemplate each : wanted) {
            each.broker();
        }
        if (wanted.stream().anyMatch(each -> each.getNetwork() != null)) {
            hidden(OptionalField.NETWORK).ifPresent(sentence -> {
                throw new IllegalArgumentException(sentence);
            });
        }
        agentTemplates = wanted;
    }

    /** Whether the form leaves the network out, since the connected hostd has no means for it. Blocks for some seconds at most. */
    public boolean isNetworkHidden() {
        return hidden(OptionalField.NETWORK).isPresent();
    }

    /** Why the connected hostd can't do what the field is for; empty when it can, or when none is connected. */
    private Optional<String> hidden(OptionalField field) {
        try {
            return Optional.ofNullable(
                    Connection.test(endpoints, certificateDirectory).hidden().get(field));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    CloudFields fields() {
        List<AgentTemplate> all = new ArrayList<>();
        allTemplates().forEach(each -> all.add(each.broker()));
        return new CloudFields(name, endpoints, certificateDirectory, instanceCap, leaseMinutes, all);
    }

    /** Those of the configuration and those that running pipelines added. */
    Stream<GodwitAgentTemplate> allTemplates() {
        return Stream.concat(agentTemplates.stream(), PipelineTemplates.of(name).stream());
    }

    Optional<GodwitAgentTemplate> agentTemplate(String wanted) {
        return allTemplates().filter(each -> each.getName().equals(wanted)).findFirst();
    }

    private Predicate<AgentTemplate> serves(@Nullable Label label) {
        return each ->
                agentTemplate(each.name()).filter(ours -> ours.serves(label)).isPresent();
    }

    @Override
    public boolean canProvision(CloudState state) {
        Label label = state.getLabel();
        if (allTemplates().noneMatch(each -> each.serves(label))) {
            return false;
        }
        return Brokers.find(this)
                .map(agents -> agents.canReserve(serves(label)))
                .orElse(false);
    }

    /** Nodes for the stock strategy, which adds them at its next review; {@link NoDelayStrategy} does not wait for that. */
    @Override
    public Collection<PlannedNode> provision(CloudState state, int excessWorkload) {
        List<PlannedNode> planned = new ArrayList<>();
        for (GodwitAgent agent : newAgents(state.getLabel(), excessWorkload)) {
            planned.add(planned(agent));
        }
        if (!planned.isEmpty()) {
            Reviews.soon(state.getLabel());
        }
        return planned;
    }

    static PlannedNode planned(GodwitAgent agent) {
        return new PlannedNode(
                agent.getNodeName(), CompletableFuture.<Node>completedFuture(agent), agent.getNumExecutors());
    }

    /** Nodes under the caps, not yet added to Jenkins; their VMs are made when Jenkins launches them. */
    List<GodwitAgent> newAgents(@Nullable Label label, int executors) {
        return Brokers.find(this)
                .map(agents -> Nodes.of(this, agents, agents.reserve(serves(label), executors)))
                .orElse(List.of());
    }

    /** Spare nodes of an agent template, as {@link #newAgents}. */
    List<GodwitAgent> newSpares(GodwitAgentTemplate template, int executors) {
        return Brokers.find(this)
                .map(agents -> Nodes.of(
                        this, agents, agents.reserve(each -> each.name().equals(template.getName()), executors)))
                .orElse(List.of());
    }

    /** How long agents took, for the cloud's page. */
    public List<TemplateFigures> getFigures() {
        Optional<CloudAgents> agents = Brokers.find(this);
        List<TemplateFigures> all = new ArrayList<>();
        allTemplates().forEach(each -> all.add(TemplateFigures.of(each, agents)));
        return all;
    }

    /** What went wrong, for the cloud's page; newest first. */
    public List<CloudLog.Entry> getLog() {
        List<CloudLog.Entry> log =
                new ArrayList<>(Brokers.find(this).map(CloudAgents::log).orElse(List.of()));
        java.util.Collections.reverse(log);
        return log;
    }

    /** Why the cloud can't work as it is configured; null when it can. */
    public @Nullable String getProblem() {
        return Brokers.problem(this);
    }

    /** What is wrong with the controller's settings; null when nothing is. */
    public @Nullable String getWebSocketWarning() {
        return WebSocketTimeouts.ofController().warning(pauseLimitSeconds).orElse(null);
    }

    static @Nullable String emptyToNull(@Nullable String value) {
        return value == null || value.isBlank() ? null : value.strip();
    }

    /** The kind of cloud, and the checks of its form. */
    @Extension
    @Symbol("godwit")
    public static class DescriptorImpl extends Descriptor<Cloud> {
        @Override
        public String getDisplayName() {
            return "Godwit";
        }

        /** Asks the fleet. */
        @POST
        public FormValidation doTestConnection(
                @QueryParameter String endpoints, @QueryParameter String certificateDirectory) {
            FieldCheck.administer();
            try {
                ConnectionReport report = Connection.test(endpoints, emptyToNull(certificateDirectory));
                return report.good()
                        ? FormValidation.ok(String.join("\n", report.lines()))
                        : FormValidation.error(report.problem());
            } catch (IOException | IllegalArgumentException e) {
                return FormValidation.error(String.valueOf(e.getMessage()));
            }
        }

        @POST
        public FormValidation doCheckName(@QueryParameter String value) {
            FieldCheck.administer();
            return FieldCheck.matches(
                    "Name",
                    value,
                    "[^\\x00-\\x1f/?*\\\\%!@#$^&|<>\\[\\]:;]{1,255}",
                    "1 to 255 characters without / ? * \\ % ! @ # $ ^ & | < > [ ] : ;");
        }

        @POST
        public FormValidation doCheckEndpoints(@QueryParameter String value) {
            FieldCheck.administer();
            try {
                return CloudFields.endpoints(value).isEmpty()
                        ? FormValidation.error("Give at least one endpoint, such as unix:/run/godwit/hostd.sock.")
                        : FormValidation.ok();
            } catch (IllegalArgumentException e) {
                return FormValidation.error(String.valueOf(e.getMessage()));
            }
        }

        @POST
        public FormValidation doCheckCertificateDirectory(
                @QueryParameter String value, @QueryParameter String endpoints) {
            FieldCheck.administer();
            return Connection.checkCertificate(endpoints, emptyToNull(value));
        }

        @POST
        public FormValidation doCheckControllerUrl(@QueryParameter String value) {
            FieldCheck.administer();
            return value.isBlank()
                    ? FormValidation.ok()
                    : FieldCheck.matches(
                            "Controller URL",
                            value.strip(),
                            "https?://[^/\\s]+(/\\S*)?",
                            "http(s)://HOST[:PORT]/[PATH/]");
        }

        @POST
        public FormValidation doCheckInstanceCap(@QueryParameter String value) {
            FieldCheck.administer();
            return FieldCheck.between("Instance cap", value, 1, Integer.MAX_VALUE);
        }

        @POST
        public FormValidation doCheckLeaseMinutes(@QueryParameter String value) {
            FieldCheck.administer();
            return FieldCheck.between("Lease", value, 1, 1440);
        }

        @POST
        public FormValidation doCheckPauseLimitSeconds(@QueryParameter String value) {
            FieldCheck.administer();
            FormValidation bounds = FieldCheck.between("Pause limit", value, 1, 3600);
            if (bounds.kind != FormValidation.Kind.OK) {
                return bounds;
            }
            return WebSocketTimeouts.ofController()
                    .warning(Integer.parseInt(value.strip()))
                    .map(FormValidation::warning)
                    .orElse(FormValidation.ok());
        }
    }
}
