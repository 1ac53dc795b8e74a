package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentStatus;
import dev.godwit.jenkins.broker.SeenMove;
import hudson.model.Action;
import hudson.model.Computer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The Godwit tab of an agent's page: host, image, moves with their pauses, console log. */
public class AgentPage implements Action {
    /** What a page shows of a console's end. */
    static final int CONSOLE_BYTES_MAX = 64 * 1024;

    private final GodwitComputer computer;

    AgentPage(GodwitComputer computer) {
        this.computer = computer;
    }

    @Override
    public String getIconFileName() {
        return "symbol-cloud";
    }

    @Override
    public String getDisplayName() {
        return "Godwit";
    }

    @Override
    public String getUrlName() {
        return "godwit";
    }

    public GodwitComputer getComputer() {
        return computer;
    }

    /** How the agent stands; null when the broker does not know it. */
    public @Nullable AgentStatus getStatus() {
        GodwitAgent agent = computer.getNode();
        return agent == null
                ? null
                : agent.agents()
                        .flatMap(agents -> agents.agent(agent.getNodeName()))
                        .orElse(null);
    }

    /** A line for each move, oldest first. */
    public List<String> getMoves() {
        return Optional.ofNullable(getStatus())
                .map(status -> status.moves().stream().map(AgentPage::line).toList())
                .orElse(List.of());
    }

    private static String line(SeenMove move) {
        if (move.failure() != null) {
            return move.at() + ": not moved from " + move.from() + ": " + move.failure();
        }
        return move.at() + ": " + move.from() + " → " + move.to()
                + (move.pausedMillis() == null ? "" : ", paused " + Math.round(move.pausedMillis()) + " ms");
    }

    /** Whether the user may read the console: what a build prints there may be secret. */
    public boolean isConsoleShown() {
        return computer.hasPermission(Computer.EXTENDED_READ);
    }

    /** The end of the serial console's log, or the sentence why it can't be read. */
    public String getConsole() {
        computer.checkPermission(Computer.EXTENDED_READ);
        GodwitAgent agent = computer.getNode();
        Optional<CloudAgents> agents = agent == null ? Optional.empty() : agent.agents();
        if (agent == null || agents.isEmpty()) {
            return "The node is no longer part of a Godwit cloud.";
        }
        try (InputStream console = agents.get().console(agent.getNodeName())) {
            return new String(end(console), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "The console can't be read: " + e.getMessage();
        }
    }

    private static byte[] end(InputStream console) throws IOException {
        byte[] kept = new byte[0];
        for (byte[] next = console.readNBytes(CONSOLE_BYTES_MAX);
                next.length > 0;
                next = console.readNBytes(CONSOLE_BYTES_MAX)) {
            byte[] both = new byte[kept.length + next.length];
            System.arraycopy(kept, 0, both, 0, kept.length);
            System.arraycopy(next, 0, both, kept.length, next.length);
            int from = Math.max(0, both.length - CONSOLE_BYTES_MAX);
            kept = java.util.Arrays.copyOfRange(both, from, both.length);
        }
        return kept;
    }
}
