package dev.godwit.jenkins;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Agent templates that a running pipeline brought with it, by cloud and name. They are gone with the step. Thread-safe. */
public final class PipelineTemplates {
    private static final Map<String, Map<String, GodwitAgentTemplate>> BY_CLOUD = new ConcurrentHashMap<>();

    private PipelineTemplates() {}

    static List<GodwitAgentTemplate> of(String cloud) {
        return List.copyOf(BY_CLOUD.getOrDefault(cloud, Map.of()).values());
    }

    /**
     * Adds one.
     *
     * @throws IllegalArgumentException a value is out of its bounds, the cloud does not exist, or hostd has no means for it
     */
    public static void add(String cloud, GodwitAgentTemplate template) {
        GodwitCloud known = Brokers.cloud(cloud)
                .orElseThrow(() -> new IllegalArgumentException("there is no Godwit cloud \"" + cloud + "\""));
        template.broker();
        if (template.getNetwork() != null && known.isNetworkHidden()) {
            throw new IllegalArgumentException("agent template \"" + template.getName()
                    + "\" names a network, and the hostd of cloud \"" + cloud + "\" has none");
        }
        BY_CLOUD.computeIfAbsent(cloud, any -> new ConcurrentHashMap<>()).put(template.getName(), template);
    }

    /** Removes one; its nodes stay until their builds end. */
    public static void remove(String cloud, String name) {
        Map<String, GodwitAgentTemplate> all = BY_CLOUD.get(cloud);
        if (all != null) {
            all.remove(name);
        }
    }

    /** The name of the only cloud, for a step that names none. */
    public static String onlyCloud() {
        List<GodwitCloud> clouds = jenkins.model.Jenkins.get().clouds.getAll(GodwitCloud.class);
        if (clouds.size() != 1) {
            throw new IllegalArgumentException(
                    "there are " + clouds.size() + " Godwit clouds; name one: cloud: 'NAME'");
        }
        return clouds.get(0).name;
    }

    /** The agent template of a cloud's configuration to begin with; what the step sets replaces its values. */
    public static GodwitAgentTemplate configured(String cloud, String name) {
        return Brokers.cloud(cloud)
                .flatMap(each -> each.getAgentTemplates().stream()
                        .filter(template -> template.getName().equals(name))
                        .findFirst())
                .orElseThrow(() ->
                        new IllegalArgumentException("cloud \"" + cloud + "\" has no agent template \"" + name + "\""));
    }
}
