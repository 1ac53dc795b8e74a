package dev.godwit.jenkins.broker;

import dev.godwit.api.ExecRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The program that starts the agent in the guest, and what it says. */
final class AgentScript {
    /** It says so right before the agent's process begins. */
    static final String STARTS = "godwit: the agent starts";
    /** It says so where an agent of before runs; it then ends when that one ends. */
    static final String RUNS = "godwit: the agent runs already";

    private static final String TEXT = text();

    private AgentScript() {}

    private static String text() {
        try (InputStream script = AgentScript.class.getResourceAsStream("start-agent.sh")) {
            if (script == null) {
                throw new IllegalStateException("start-agent.sh is missing in the broker's jar");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The command; the secret is not in it. */
    static ExecRequest command(AgentTemplate template, AgentConnection connection) {
        return new ExecRequest(
                List.of(
                        "/bin/sh",
                        "-c",
                        TEXT,
                        "start-agent",
                        connection.controllerUrl().toString(),
                        connection.nodeName(),
                        template.runAs(),
                        template.remoteFs(),
                        Boolean.toString(connection.webSocket())),
                template.environment(),
                null,
                false);
    }

    /** What it reads. */
    static byte[] input(AgentConnection connection) {
        return (connection.secret() + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
