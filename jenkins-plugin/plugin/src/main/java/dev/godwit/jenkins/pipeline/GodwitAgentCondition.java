package dev.godwit.jenkins.pipeline;

import dev.godwit.jenkins.LostNodes;
import dev.godwit.jenkins.VmLost;
import hudson.Extension;
import java.util.Set;
import org.jenkinsci.Symbol;
import org.jenkinsci.plugins.workflow.flow.ErrorCondition;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;
import org.jenkinsci.plugins.workflow.steps.StepContext;
import org.jspecify.annotations.Nullable;
import org.kohsuke.stapler.DataBoundConstructor;

/** {@code retry(conditions: [godwitAgent()], count: 2)}: what ended since a Godwit agent's VM was lost is worth another try. */
public class GodwitAgentCondition extends ErrorCondition {
    private static final long serialVersionUID = 1L;

    /** A chain of causes that is longer goes round in a circle. */
    private static final int CAUSES_MAX = 50;

    @DataBoundConstructor
    public GodwitAgentCondition() {}

    @Override
    public boolean test(Throwable error, @Nullable StepContext context) {
        Set<String> lost = LostNodes.all().keySet();
        Throwable each = error;
        for (int i = 0; each != null && i < CAUSES_MAX; i++, each = each.getCause()) {
            if (each instanceof FlowInterruptedException interrupted
                    && interrupted.getCauses().stream()
                            .anyMatch(cause -> cause instanceof VmLost || names(lost, cause.getShortDescription()))) {
                return true;
            }
            // A channel that closes under a step says so with the node's name.
            if (names(lost, each.getMessage())) {
                return true;
            }
        }
        return false;
    }

    private static boolean names(Set<String> nodes, @Nullable String text) {
        return text != null && nodes.stream().anyMatch(text::contains);
    }

    /** The condition's name. */
    @Extension(optional = true)
    @Symbol("godwitAgent")
    public static class DescriptorImpl extends ErrorConditionDescriptor {
        @Override
        public String getDisplayName() {
            return "Lost Godwit agents";
        }
    }
}
