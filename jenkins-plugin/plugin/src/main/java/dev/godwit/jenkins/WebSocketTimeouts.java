package dev.godwit.jenkins;

import java.util.Optional;
import jenkins.util.SystemProperties;

/**
 * The controller's time-outs of agents' WebSockets, in seconds. A quiet agent's last byte may be one ping interval old when its
 * VM is paused, and the controller's own pings do not keep the connection: only received bytes do.
 */
record WebSocketTimeouts(int idleSeconds, int pingSeconds) {
    static final String IDLE = "jenkins.websocket.idleTimeout";
    static final String PING = "jenkins.websocket.pingInterval";

    /** Jetty's. */
    static final int IDLE_SECONDS = 60;

    /** Jenkins'. */
    static final int PING_SECONDS = 30;

    static WebSocketTimeouts ofController() {
        return new WebSocketTimeouts(
                SystemProperties.getInteger(IDLE, IDLE_SECONDS), SystemProperties.getInteger(PING, PING_SECONDS));
    }

    /** A pause that no agent's connection breaks at. */
    int safePauseSeconds() {
        return Math.max(0, idleSeconds - pingSeconds);
    }

    /** The sentence, where a pause of this length may break a connection. */
    Optional<String> warning(int pauseLimitSeconds) {
        if (pauseLimitSeconds <= safePauseSeconds()) {
            return Optional.empty();
        }
        return Optional.of("A move may pause a VM for " + pauseLimitSeconds
                + " s, but this controller may close an agent's"
                + " connection after " + safePauseSeconds() + " s (" + IDLE + " is " + idleSeconds
                + " s, less a ping interval of "
                + pingSeconds + " s). Start the controller with -D" + IDLE + "=" + (pauseLimitSeconds + pingSeconds)
                + " or more, or lower the pause limit.");
    }
}
