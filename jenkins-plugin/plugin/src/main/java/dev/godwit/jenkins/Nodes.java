package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.Reservation;
import hudson.model.Descriptor.FormException;
import java.io.IOException;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jenkins.model.Jenkins;

/** Makes nodes of reservations. */
final class Nodes {
    private static final Logger LOG = System.getLogger(Nodes.class.getName());

    private Nodes() {}

    /** A node for each reservation; one that can't be made gives its place back. */
    static List<GodwitAgent> of(GodwitCloud cloud, CloudAgents agents, List<Reservation> reservations) {
        List<GodwitAgent> made = new ArrayList<>();
        for (Reservation each : reservations) {
            Optional<GodwitAgentTemplate> template = cloud.agentTemplate(each.agentTemplate());
            try {
                if (template.isPresent()) {
                    made.add(new GodwitAgent(cloud.name, template.get(), each.node()));
                    GodwitMetrics.count(GodwitMetrics.PROVISION_NODES);
                    continue;
                }
            } catch (FormException | IOException e) {
                LOG.log(Logger.Level.ERROR, "cloud " + cloud.name + " could not make the node " + each.node(), e);
            }
            agents.release(each.node());
            GodwitMetrics.count(GodwitMetrics.PROVISION_FAILED);
        }
        return made;
    }

    /** Adds a node to Jenkins, which launches it; one that can't be added gives its place back. */
    static boolean add(GodwitAgent agent) {
        try {
            Jenkins.get().addNode(agent);
            return true;
        } catch (IOException e) {
            LOG.log(Logger.Level.ERROR, "could not add the node " + agent.getNodeName(), e);
            agent.agents().ifPresent(agents -> agents.release(agent.getNodeName()));
            GodwitMetrics.count(GodwitMetrics.PROVISION_FAILED);
            return false;
        }
    }
}
