package dev.godwit.jenkins.broker;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who has a place under the caps. All that counts is under one lock: what {@link #reserve} gives is never more than the caps
 * allow, whoever asks at the same time. Thread-safe.
 */
final class Ledger {
    /** 36^8 names a template: two controllers of one fleet do not meet. */
    private static final int RANDOM_CHARACTERS = 8;

    private static final Duration HOLD_FIRST = Duration.ofSeconds(10);
    /** A template that is refused again and again is still tried so often: the refusal may be over. */
    private static final Duration HOLD_MAX = Duration.ofMinutes(5);

    private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

    private record Hold(Instant until, Duration length) {}

    private final InstantSource clock;
    private final RandomGenerator random;
    private final Map<String, Agent> agents = new LinkedHashMap<>();
    private final Map<String, Hold> holds = new HashMap<>();
    /** VMs of this owner's that no node names, by key, with their agent templates: they count until they are reaped. */
    private Map<String, String> strays = Map.of();

    Ledger(InstantSource clock, RandomGenerator random) {
        this.clock = clock;
        this.random = random;
    }

    /** See {@link Broker#reserve}. */
    synchronized List<Reservation> reserve(
            BrokerSettings settings, Predicate<AgentTemplate> fits, int executorsWanted, Instant wantedSince) {
        List<Reservation> taken = new ArrayList<>();
        int missing = executorsWanted;
        for (AgentTemplate template : settings.agentTemplates()) {
            while (missing > 0 && hasRoom(settings, template) && fits.test(template)) {
                Agent agent = new Agent(
                        nodeName(template), template.name(), template.executors(), clock.instant(), wantedSince, true);
                agents.put(agent.node, agent);
                taken.add(new Reservation(agent.node, template.name(), template.executors(), agent.since));
                missing -= template.executors();
            }
        }
        return taken;
    }

    synchronized boolean hasRoom(BrokerSettings settings, AgentTemplate template) {
        long ofTemplate = agents.values().stream()
                        .filter(agent -> agent.templateName.equals(template.name()))
                        .count()
                + strays.values().stream().filter(template.name()::equals).count();
        return agents.size() + strays.size() < settings.instanceCap()
                && ofTemplate < template.instanceCap()
                && !isHeld(template.name());
    }

    private String nodeName(AgentTemplate template) {
        while (true) {
            StringBuilder name = new StringBuilder(template.name()).append('-');
            for (int i = 0; i < RANDOM_CHARACTERS; i++) {
                name.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            if (!agents.containsKey(name.toString())) {
                return name.toString();
            }
        }
    }

    /** A node of before counts, whatever the caps say now. */
    synchronized Agent attach(String node, String agentTemplate, int executors) {
        Agent there = agents.get(node);
        if (there != null) {
            return there;
        }
        Agent agent = new Agent(node, agentTemplate, executors, clock.instant(), clock.instant(), false);
        agents.put(node, agent);
        return agent;
    }

    synchronized Optional<Agent> find(String node) {
        return Optional.ofNullable(agents.get(node));
    }

    synchronized Optional<Agent> findByVm(String vm) {
        return agents.values().stream().filter(agent -> agent.hasVm(vm)).findFirst();
    }

    synchronized List<Agent> all() {
        return new ArrayList<>(agents.values());
    }

    /** Its VM is gone for sure, or there was none. */
    synchronized void remove(Agent agent) {
        agents.remove(agent.node, agent);
    }

    /** @param keys of VMs that no node names, with the names of their agent templates */
    synchronized void strays(Map<String, String> keys) {
        Map<String, String> unknown = new HashMap<>(keys);
        unknown.keySet().removeAll(agents.keySet());
        strays = unknown;
    }

    /** hostd refused it: it is left alone for a while that grows. */
    synchronized void hold(String agentTemplate) {
        Hold before = holds.get(agentTemplate);
        if (before != null && clock.instant().isBefore(before.until())) {
            return; // of many at once the first one counts
        }
        Duration length = before == null ? HOLD_FIRST : shorter(before.length().multipliedBy(2), HOLD_MAX);
        holds.put(agentTemplate, new Hold(clock.instant().plus(length), length));
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    synchronized void unhold(String agentTemplate) {
        holds.remove(agentTemplate);
    }

    private boolean isHeld(String agentTemplate) {
        @Nullable Hold hold = holds.get(agentTemplate);
        return hold != null && clock.instant().isBefore(hold.until());
    }

    /** Which agent templates are left alone now. */
    synchronized Set<String> held() {
        return holds.keySet().stream().filter(this::isHeld).collect(Collectors.toUnmodifiableSet());
    }
}
