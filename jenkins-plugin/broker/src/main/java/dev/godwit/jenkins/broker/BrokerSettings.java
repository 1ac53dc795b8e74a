package dev.godwit.jenkins.broker;

import dev.godwit.api.CreateVm;
import dev.godwit.client.ClientTls;
import dev.godwit.client.Endpoint;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One cloud's configuration.
 *
 * @param cloud the cloud's name, for labels of VMs and sentences
 * @param owner the controller's random UUID: VMs of any other owner are never touched
 * @param endpoints hostds to ask, the first one first; at least one
 * @param tls the certificate for https endpoints; null where there are none
 * @param instanceCap most VMs of this cloud at once, at least 1
 * @param agentTemplates by unique names
 * @param leaseTtl hostd ends a VM that nobody renewed for so long; renewed at a third of it
 */
public record BrokerSettings(
        String cloud,
        String owner,
        List<Endpoint> endpoints,
        @Nullable ClientTls tls,
        int instanceCap,
        List<AgentTemplate> agentTemplates,
        Duration leaseTtl) {
    /** A controller's restart takes a few minutes, and its VMs shall outlive it. */
    public static final Duration LEASE_TTL = Duration.ofMinutes(15);

    /**
     * Checks each value.
     *
     * @throws IllegalArgumentException the sentence names the value and what is allowed
     */
    public BrokerSettings {
        Check.matches("cloud name", cloud, "[^\\x00-\\x1f]{1,255}", "1 to 255 characters");
        Check.matches("owner", owner, "[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}", "an id such as a random UUID");
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException(
                    "cloud \"" + cloud + "\" has no endpoint; give one, such as unix:/run/godwit/hostd.sock");
        }
        Check.between("instanceCap", instanceCap, 1, Integer.MAX_VALUE);
        agentTemplates = List.copyOf(agentTemplates);
        Set<String> names = new HashSet<>();
        for (AgentTemplate each : agentTemplates) {
            if (!names.add(each.name())) {
                throw new IllegalArgumentException("two agent templates have the name \"" + each.name() + "\"");
            }
        }
        Check.between(
                "leaseTtl in seconds", leaseTtl.toSeconds(), CreateVm.LEASE_SECONDS_MIN, CreateVm.LEASE_SECONDS_MAX);
    }

    /** The agent template of this name. */
    public Optional<AgentTemplate> agentTemplate(String name) {
        return agentTemplates.stream().filter(each -> each.name().equals(name)).findFirst();
    }
}
