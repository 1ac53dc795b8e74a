package dev.godwit.jenkins.broker;

import java.net.URI;

/**
 * What an agent needs to connect to its controller.
 *
 * @param controllerUrl the controller's root as the guest reaches it, {@code http(s)}
 * @param nodeName the node's name, which is the VM's name and key as well
 * @param secret the agent's secret; goes to the guest as a file that only its user reads, and into no log
 * @param webSocket whether the agent connects by WebSocket; else by the inbound TCP port
 */
public record AgentConnection(URI controllerUrl, String nodeName, String secret, boolean webSocket) {
    /**
     * Checks each value; no message holds the secret.
     *
     * @throws IllegalArgumentException the sentence names the value and what is allowed
     */
    public AgentConnection {
        String scheme = controllerUrl.getScheme();
        if (!("http".equals(scheme) || "https".equals(scheme)) || controllerUrl.getHost() == null) {
            throw new IllegalArgumentException("controller URL \"" + controllerUrl
                    + "\" is not http(s)://HOST/; set the Jenkins URL under Manage Jenkins");
        }
        if (!secret.matches("[A-Za-z0-9]{1,1024}")) {
            throw new IllegalArgumentException("the agent's secret is not 1 to 1024 letters and digits");
        }
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "AgentConnection[" + nodeName + " to " + controllerUrl + (webSocket ? " by WebSocket]" : " by TCP]");
    }
}
