package dev.godwit.buildkite.api;

/**
 * A cluster's agent token, which opens the Stacks API.
 *
 * @param secret as Buildkite shows it once; it is in no text of this record
 */
public record AgentToken(String secret) {
    public AgentToken {
        if (secret.isBlank() || !secret.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(
                    "the agent token is empty, or has characters that no token has; it is what"
                            + " Buildkite shows under Agents, Agent Tokens, of the cluster");
        }
    }

    String authorization() {
        return "Token " + secret;
    }

    @Override
    public String toString() {
        return "an agent token of " + secret.length() + " characters";
    }
}
