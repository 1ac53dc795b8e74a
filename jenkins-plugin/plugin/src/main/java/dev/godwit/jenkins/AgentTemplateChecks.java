package dev.godwit.jenkins;

import dev.godwit.api.CreateVm;
import dev.godwit.jenkins.broker.AgentTemplate;
import dev.godwit.jenkins.broker.OnMoveFailure;
import dev.godwit.jenkins.broker.OptionalField;
import hudson.RelativePath;
import hudson.model.Descriptor;
import hudson.model.Node;
import hudson.slaves.NodeProperty;
import hudson.slaves.NodePropertyDescriptor;
import hudson.tools.PropertyDescriptor;
import hudson.util.FormValidation;
import hudson.util.ListBoxModel;
import java.io.IOException;
import java.util.List;
import org.kohsuke.stapler.QueryParameter;
import org.kohsuke.stapler.verb.POST;

/** The checks and choices of an agent template's form. */
public abstract class AgentTemplateChecks extends Descriptor<GodwitAgentTemplate> {
    /** The node properties that fit an agent, for the form. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    public List<NodePropertyDescriptor> getNodePropertyDescriptors() {
        return PropertyDescriptor.for_((List) NodeProperty.all(), (Class) GodwitAgent.class);
    }

    @POST
    public FormValidation doCheckName(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.matches("Name", value, "[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?", "1 to 48 of a-z, 0-9 and -");
    }

    @POST
    public FormValidation doCheckImage(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.accepts(() -> AgentTemplate.named("check", value).build());
    }

    @POST
    public FormValidation doCheckVcpus(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.between("CPUs", value, 1, CreateVm.VCPUS_MAX);
    }

    @POST
    public FormValidation doCheckMemoryMib(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.between("Memory", value, CreateVm.MEMORY_MIB_MIN, CreateVm.MEMORY_MIB_MAX);
    }

    @POST
    public FormValidation doCheckDiskMib(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.between("Disk", value, CreateVm.DISK_MIB_MIN, CreateVm.DISK_MIB_MAX);
    }

    @POST
    public FormValidation doCheckExecutors(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.between("Executors", value, 1, AgentTemplate.EXECUTORS_MAX);
    }

    @POST
    public FormValidation doCheckInstanceCap(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.between("Instance cap", value, 1, Integer.MAX_VALUE);
    }

    @POST
    public FormValidation doCheckIdleMinutes(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.between("Idle minutes", value, 0, Integer.MAX_VALUE);
    }

    @POST
    public FormValidation doCheckSpareAgents(@QueryParameter String value, @QueryParameter String instanceCap) {
        FieldCheck.administer();
        long cap = instanceCap.strip().matches("[0-9]{1,9}") ? Long.parseLong(instanceCap.strip()) : Integer.MAX_VALUE;
        return FieldCheck.between("Spare agents", value, 0, cap);
    }

    @POST
    public FormValidation doCheckEnvironment(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.accepts(() -> EnvironmentLines.parse(value));
    }

    @POST
    public FormValidation doCheckRunAs(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.accepts(() ->
                AgentTemplate.named("check", "check").runAs(value, "/home").build());
    }

    @POST
    public FormValidation doCheckRemoteFs(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.accepts(() ->
                AgentTemplate.named("check", "check").runAs("jenkins", value).build());
    }

    @POST
    public FormValidation doCheckStartTimeoutMinutes(@QueryParameter String value) {
        FieldCheck.administer();
        return FieldCheck.between("Start time-out", value, 1, AgentTemplate.START_TIMEOUT_MAX.toMinutes());
    }

    /** Asks the fleet whether it has networks of projects. */
    @POST
    public FormValidation doCheckNetwork(
            @QueryParameter String value,
            @RelativePath("..") @QueryParameter String endpoints,
            @RelativePath("..") @QueryParameter String certificateDirectory) {
        FieldCheck.administer();
        if (value.isBlank()) {
            return FormValidation.ok();
        }
        FormValidation form = FieldCheck.accepts(() ->
                AgentTemplate.named("check", "check").project(value.strip()).build());
        if (form.kind != FormValidation.Kind.OK) {
            return form;
        }
        try {
            String refusal = Connection.test(endpoints, GodwitCloud.emptyToNull(certificateDirectory))
                    .hidden()
                    .get(OptionalField.NETWORK);
            return refusal == null ? FormValidation.ok() : FormValidation.error(refusal);
        } catch (IOException | IllegalArgumentException e) {
            return FormValidation.warning("Whether hostd has networks could not be seen: " + e.getMessage());
        }
    }

    @POST
    public ListBoxModel doFillModeItems() {
        FieldCheck.administer();
        ListBoxModel modes = new ListBoxModel();
        modes.add("Only builds with matching labels", Node.Mode.EXCLUSIVE.name());
        modes.add("Builds without a label as well", Node.Mode.NORMAL.name());
        return modes;
    }

    @POST
    public ListBoxModel doFillOnMoveFailureItems() {
        FieldCheck.administer();
        ListBoxModel choices = new ListBoxModel();
        choices.add("Keep waiting", OnMoveFailure.KEEP_WAITING.name());
        choices.add("Resubmit this build", OnMoveFailure.RESUBMIT.name());
        choices.add("Fail with the cause", OnMoveFailure.FAIL.name());
        return choices;
    }
}
