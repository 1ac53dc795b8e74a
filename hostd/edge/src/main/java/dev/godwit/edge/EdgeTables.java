package dev.godwit.edge;

import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The edge's rules in the kernel. They stay when this is closed or the program dies: connections go on as long as the
 * lease lasts. Used by one thread at a time, in whose network namespace the rules are.
 */
final class EdgeTables {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeTables.class);
    private static final Duration WITHIN = Duration.ofSeconds(20);
    private static final List<String> APPLY = List.of("nft", "-f", "-");
    private static final Pattern COUNTER =
            Pattern.compile("counter (\\w+) \\{\\s*packets (\\d+) bytes \\d+", Pattern.DOTALL);

    private final EdgeRules rules;

    EdgeTables(EdgeRules rules) {
        this.rules = rules;
    }

    /**
     * Makes the rules what they should be. Where tables of an older layout or of other devices are in the way, they are
     * taken away first, and the edge is silent until its lease is set again.
     */
    void open(PublishedPorts published) throws IOException {
        try {
            replace(published);
        } catch (IOException inTheWay) {
            LOG.warn("the edge's rules could not be replaced ({}); they are made anew", inTheWay.getMessage());
            remove();
            replace(published);
        }
    }

    /** Replaces all rules at once; the lease and the connections are not touched. */
    void replace(PublishedPorts published) throws IOException {
        Program.run(WITHIN, rules.text(published), APPLY);
    }

    /** Takes everything away. */
    void remove() throws IOException {
        // A table that is not there can't be deleted; making it first is what older nft can do about it.
        String all = "add table inet " + EdgeRules.TABLE + "\nadd table netdev " + EdgeRules.TABLE + "\n";
        Program.run(WITHIN, all + EdgeRules.removal(), APPLY);
    }

    /** Packets that were dropped, by reason, since the tables were made. */
    Map<EdgeRules.Drop, Long> dropped() throws IOException {
        Map<String, Long> counted = new HashMap<>();
        for (String family : List.of("inet", "netdev")) {
            String text = Program.run(WITHIN, "", List.of("nft", "list", "counters", "table", family, EdgeRules.TABLE));
            Matcher counter = COUNTER.matcher(text);
            while (counter.find()) {
                counted.put(counter.group(1), Long.parseLong(counter.group(2)));
            }
        }
        Map<EdgeRules.Drop, Long> dropped = new EnumMap<>(EdgeRules.Drop.class);
        for (EdgeRules.Drop drop : EdgeRules.Drop.values()) {
            dropped.put(drop, counted.getOrDefault(drop.counter(), 0L));
        }
        return dropped;
    }
}
