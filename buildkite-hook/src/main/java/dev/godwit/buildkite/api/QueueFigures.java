package dev.godwit.buildkite.api;

import java.time.Duration;

/**
 * What waits and runs in a queue.
 *
 * @param scheduledJobs that wait for an agent
 * @param runningJobs that an agent has
 * @param idleAgents without a job
 * @param askAgainAfter how long Buildkite wants not to be asked
 */
public record QueueFigures(long scheduledJobs, long runningJobs, long idleAgents, Duration askAgainAfter) {}
