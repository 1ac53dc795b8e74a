package dev.godwit.jenkins.broker;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an agent stands, for its page.
 *
 * @param node name of the node and of its VM
 * @param vm id of its VM; null before there is one
 * @param host where the VM runs; null before there is one
 * @param image digest of the VM's image; null before there is one
 * @param since when it was reserved or attached
 * @param moves what moved it, oldest first, at most the last {@value #MOVES_MAX}
 * @param cause why it is lost or ended; null otherwise
 */
public record AgentStatus(
        String node,
        String agentTemplate,
        int executors,
        AgentState state,
        @Nullable String vm,
        @Nullable String host,
        @Nullable String image,
        Instant since,
        List<SeenMove> moves,
        @Nullable String cause) {
    /** A page's worth; a VM that moves more often has other troubles. */
    public static final int MOVES_MAX = 100;

    public AgentStatus {
        moves = List.copyOf(moves);
    }
}
