package dev.godwit.api;

/**
 * Asks that a running VM goes to another host.
 *
 * @param target id of the host
 */
public record MoveRequest(String target) {
    public MoveRequest {
        Require.name("target host", target);
    }
}
