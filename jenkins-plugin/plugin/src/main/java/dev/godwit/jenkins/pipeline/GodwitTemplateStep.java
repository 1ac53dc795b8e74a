package dev.godwit.jenkins.pipeline;

import dev.godwit.jenkins.GodwitAgentTemplate;
import dev.godwit.jenkins.PipelineTemplates;
import hudson.Extension;
import hudson.model.TaskListener;
import java.io.Serializable;
import java.util.Set;
import org.jenkinsci.plugins.workflow.steps.Step;
import org.jenkinsci.plugins.workflow.steps.StepContext;
import org.jenkinsci.plugins.workflow.steps.StepDescriptor;
import org.jenkinsci.plugins.workflow.steps.StepExecution;
import org.jspecify.annotations.Nullable;
import org.kohsuke.stapler.DataBoundConstructor;
import org.kohsuke.stapler.DataBoundSetter;

/**
 * {@code godwitTemplate(image: 'debian-jenkins', vcpus: 4) { node(GODWIT_LABEL) { ... } }}: an agent template for the time of a
 * block. What is not set comes from the agent template that {@code inheritFrom} names, or is the usual value.
 */
public class GodwitTemplateStep extends Step implements Serializable {
    private static final long serialVersionUID = 1L;

    private @Nullable String cloud;
    private @Nullable String inheritFrom;
    private @Nullable String image;
    private @Nullable Integer vcpus;
    private @Nullable Integer memoryMib;
    private @Nullable Integer diskMib;
    private @Nullable Integer instanceCap;
    private @Nullable String environment;
    private @Nullable String network;

    @DataBoundConstructor
    public GodwitTemplateStep() {}

    public @Nullable String getCloud() {
        return cloud;
    }

    @DataBoundSetter
    public void setCloud(@Nullable String value) {
        cloud = value;
    }

    public @Nullable String getInheritFrom() {
        return inheritFrom;
    }

    @DataBoundSetter
    public void setInheritFrom(@Nullable String value) {
        inheritFrom = value;
    }

    public @Nullable String getImage() {
        return image;
    }

    @DataBoundSetter
    public void setImage(@Nullable String value) {
        image = value;
    }

    public @Nullable Integer getVcpus() {
        return vcpus;
    }

    @DataBoundSetter
    public void setVcpus(@Nullable Integer value) {
        vcpus = value;
    }

    public @Nullable Integer getMemoryMib() {
        return memoryMib;
    }

    @DataBoundSetter
    public void setMemoryMib(@Nullable Integer value) {
        memoryMib = value;
    }

    public @Nullable Integer getDiskMib() {
        return diskMib;
    }

    @DataBoundSetter
    public void setDiskMib(@Nullable Integer value) {
        diskMib = value;
    }

    public @Nullable Integer getInstanceCap() {
        return instanceCap;
    }

    @DataBoundSetter
    public void setInstanceCap(@Nullable Integer value) {
        instanceCap = value;
    }

    public @Nullable String getEnvironment() {
        return environment;
    }

    @DataBoundSetter
    public void setEnvironment(@Nullable String value) {
        environment = value;
    }

    public @Nullable String getNetwork() {
        return network;
    }

    @DataBoundSetter
    public void setNetwork(@Nullable String value) {
        network = value;
    }

    /** The cloud that the agents are of. */
    String cloudOrOnly() {
        return cloud == null ? PipelineTemplates.onlyCloud() : cloud;
    }

    /**
     * The agent template under a name, which is its label too.
     *
     * @throws IllegalArgumentException there is neither an image nor an agent template to inherit one from
     */
    GodwitAgentTemplate template(String name) {
        if (image == null && inheritFrom == null) {
            throw new IllegalArgumentException(
                    "godwitTemplate needs an image, or inheritFrom with an agent template's name");
        }
        GodwitAgentTemplate template = inheritFrom == null
                ? new GodwitAgentTemplate(name, String.valueOf(image))
                : PipelineTemplates.configured(cloudOrOnly(), inheritFrom).copy(name, image);
        template.setLabels(name);
        if (vcpus != null) {
            template.setVcpus(vcpus);
        }
        if (memoryMib != null) {
            template.setMemoryMib(memoryMib);
        }
        if (diskMib != null) {
            template.setDiskMib(diskMib);
        }
        if (instanceCap != null) {
            template.setInstanceCap(instanceCap);
        }
        if (environment != null) {
            template.setEnvironment(environment);
        }
        if (network != null) {
            template.setNetwork(network);
        }
        return template;
    }

    @Override
    public StepExecution start(StepContext context) {
        return new GodwitTemplateExecution(context, this);
    }

    /** The step's name and what it needs. */
    @Extension(optional = true)
    public static class DescriptorImpl extends StepDescriptor {
        @Override
        public String getFunctionName() {
            return "godwitTemplate";
        }

        @Override
        public String getDisplayName() {
            return "Use a Godwit agent template of its own within a block";
        }

        @Override
        public boolean takesImplicitBlockArgument() {
            return true;
        }

        @Override
        public Set<? extends Class<?>> getRequiredContext() {
            return Set.of(TaskListener.class);
        }
    }
}
