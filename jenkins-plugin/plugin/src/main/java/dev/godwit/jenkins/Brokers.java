package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentEvents;
import dev.godwit.jenkins.broker.AgentStatus;
import dev.godwit.jenkins.broker.Broker;
import dev.godwit.jenkins.broker.BrokerSettings;
import dev.godwit.jenkins.broker.KnownNodes;
import hudson.Extension;
import hudson.ExtensionList;
import hudson.model.Node;
import hudson.model.listeners.ItemListener;
import java.io.IOException;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import jenkins.model.Jenkins;
import org.jspecify.annotations.Nullable;

/**
 * The broker of each Godwit cloud, by the cloud's name. It is opened when the cloud is first asked for, works by the cloud's
 * newest configuration, and is closed with the cloud or with Jenkins. Thread-safe.
 */
@Extension
public class Brokers extends ItemListener {
    private static final Logger LOG = System.getLogger(Brokers.class.getName());

    /** Makes a cloud's agents; the simulator has its own. */
    interface Opening {
        CloudAgents open(BrokerSettings settings, KnownNodes nodes, AgentEvents events);
    }

    private record Opened(CloudAgents agents, CloudFields fields) {}

    private record Problem(CloudFields fields, String sentence) {}

    private final Opening opening;
    private final Map<String, Opened> opened = new HashMap<>();
    private final Map<String, Problem> problems = new HashMap<>();
    private boolean closed;

    public Brokers() {
        this((settings, nodes, events) -> new BrokerAgents(Broker.open(settings, nodes, events)));
    }

    Brokers(Opening opening) {
        this.opening = opening;
    }

    static Brokers get() {
        return ExtensionList.lookupSingleton(Brokers.class);
    }

    /** The agents of a cloud; empty when its configuration is refused, see {@link #problem}. */
    static Optional<CloudAgents> find(GodwitCloud cloud) {
        return get().of(cloud);
    }

    /** The agents of the cloud of this name; empty when there is none, or its configuration is refused. */
    static Optional<CloudAgents> find(String cloud) {
        return cloud(cloud).flatMap(Brokers::find);
    }

    static Optional<GodwitCloud> cloud(String name) {
        return Jenkins.get().clouds.getAll(GodwitCloud.class).stream()
                .filter(each -> each.name.equals(name))
                .findFirst();
    }

    /** Why a cloud can't work as it is configured; null when it can. */
    static @Nullable String problem(GodwitCloud cloud) {
        Brokers brokers = get();
        brokers.of(cloud);
        synchronized (brokers) {
            Problem problem = brokers.problems.get(cloud.name);
            return problem == null ? null : problem.sentence();
        }
    }

    private synchronized Optional<CloudAgents> of(GodwitCloud cloud) {
        if (closed) {
            return Optional.empty();
        }
        CloudFields fields;
        try {
            fields = cloud.fields();
        } catch (IllegalArgumentException e) {
            LOG.log(Logger.Level.WARNING, "cloud " + cloud.name + " can't work: " + e.getMessage());
            return Optional.empty();
        }
        Opened now = opened.get(cloud.name);
        if (now != null && now.fields().equals(fields)) {
            return Optional.of(now.agents());
        }
        try {
            BrokerSettings settings = fields.settings();
            CloudAgents agents;
            if (now == null) {
                agents = opening.open(settings, this::known, new CloudEvents(cloud.name));
            } else {
                agents = now.agents();
                agents.reconfigure(settings);
            }
            opened.put(cloud.name, new Opened(agents, fields));
            problems.remove(cloud.name);
            return Optional.of(agents);
        } catch (IOException | IllegalArgumentException e) {
            refuse(cloud.name, fields, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /** Says once what is wrong with a configuration. */
    private void refuse(String cloud, CloudFields fields, String sentence) {
        Problem before = problems.put(cloud, new Problem(fields, sentence));
        if (before == null || !before.sentence().equals(sentence)) {
            LOG.log(Logger.Level.WARNING, "cloud " + cloud + " can't work: " + sentence);
        }
    }

    /** The controller's nodes, and those of all its clouds: none of them is a leak, whichever cloud looks. */
    private Set<String> known() {
        Set<String> names = new HashSet<>();
        for (Node node : Jenkins.get().getNodes()) {
            names.add(node.getNodeName());
        }
        Map<String, Opened> all;
        synchronized (this) {
            all = Map.copyOf(opened);
        }
        for (Opened each : all.values()) {
            for (AgentStatus agent : each.agents().agents()) {
                names.add(agent.node());
            }
        }
        return names;
    }

    /** Closes the brokers of clouds that are no longer there. Their VMs end with their leases. */
    void closeOrphans(Set<String> clouds) {
        List<CloudAgents> orphans = new ArrayList<>();
        synchronized (this) {
            Map.copyOf(opened).forEach((name, each) -> {
                if (!clouds.contains(name)) {
                    opened.remove(name);
                    orphans.add(each.agents());
                }
            });
        }
        orphans.forEach(CloudAgents::close); // without the lock: an event that is on its way may want it
    }

    @Override
    public void onBeforeShutdown() {
        synchronized (this) {
            closed = true;
        }
        closeOrphans(Set.of());
    }
}
