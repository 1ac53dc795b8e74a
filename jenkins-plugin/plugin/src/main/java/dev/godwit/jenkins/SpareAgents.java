package dev.godwit.jenkins;

import hudson.model.Node;
import java.util.Optional;
import jenkins.model.Jenkins;

/** Nodes that are kept ready without a build. */
final class SpareAgents {
    private SpareAgents() {}

    /** Whether an idle node stays since its agent template wants it ready. */
    static boolean keeps(GodwitAgent agent) {
        Optional<GodwitAgentTemplate> template =
                Brokers.cloud(agent.getCloudName()).flatMap(cloud -> cloud.agentTemplate(agent.getAgentTemplateName()));
        return template.isPresent()
                && ready(agent.getCloudName(), template.get()) <= template.get().getSpareAgents();
    }

    /** Makes the nodes that are missing; how many it made. */
    static int topUp(GodwitCloud cloud) {
        int made = 0;
        for (GodwitAgentTemplate template : cloud.getAgentTemplates()) {
            int missing = template.getSpareAgents() - ready(cloud.name, template);
            if (missing > 0) {
                for (GodwitAgent agent : cloud.newSpares(template, missing * template.getExecutors())) {
                    made += Nodes.add(agent) ? 1 : 0;
                }
            }
        }
        return made;
    }

    /** Nodes that are idle or on their way. */
    private static int ready(String cloud, GodwitAgentTemplate template) {
        int count = 0;
        for (Node node : Jenkins.get().getNodes()) {
            if (node instanceof GodwitAgent agent
                    && agent.getCloudName().equals(cloud)
                    && agent.getAgentTemplateName().equals(template.getName())
                    && agent.toComputer() instanceof GodwitComputer computer
                    && (computer.isConnecting() || computer.isOnline())
                    && !computer.isUsed()
                    && computer.isIdle()) {
                count++;
            }
        }
        return count;
    }
}
