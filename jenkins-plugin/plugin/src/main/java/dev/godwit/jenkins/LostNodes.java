package dev.godwit.jenkins;

import hudson.model.Label;
import hudson.model.Node;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import jenkins.model.Jenkins;
import org.jspecify.annotations.Nullable;

/** Nodes whose VM is gone. Jenkins counts such a node as capacity that is on its way until it is removed. Thread-safe. */
public final class LostNodes {
    /** A pipeline asks why its node went soon after it did. */
    static final int REMEMBERED_MAX = 1_000;

    private static final Map<String, String> CAUSES = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > REMEMBERED_MAX;
        }
    });

    private LostNodes() {}

    static void add(String node, String cause) {
        CAUSES.put(node, cause);
    }

    /** Why a node's VM is gone; empty when it is not, or long ago. */
    public static Optional<String> cause(String node) {
        return Optional.ofNullable(CAUSES.get(node));
    }

    /** The names of the nodes that were lost of late. */
    public static Map<String, String> all() {
        synchronized (CAUSES) {
            return Map.copyOf(CAUSES);
        }
    }

    /** Executors of lost nodes that are still there and that the label matches. */
    static int executors(@Nullable Label label) {
        int count = 0;
        for (Node node : Jenkins.get().getNodes()) {
            if (node instanceof GodwitAgent agent
                    && CAUSES.containsKey(agent.getNodeName())
                    && agent.countsAsConnecting()
                    && agent.serves(label)) {
                count += agent.getNumExecutors();
            }
        }
        return count;
    }
}
