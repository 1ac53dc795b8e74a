package dev.godwit.jenkins.broker;

import java.time.Instant;

/**
 * A place under the caps for a VM that is to be made.
 *
 * @param node name of the node, of its VM, and the VM's key
 * @param agentTemplate name of the agent template
 * @param executors how many builds it takes at once
 * @param at when the place was taken
 */
public record Reservation(String node, String agentTemplate, int executors, Instant at) {}
