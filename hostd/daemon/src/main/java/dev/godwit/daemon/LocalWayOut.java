package dev.godwit.daemon;

import dev.godwit.api.EgressRule;
import dev.godwit.api.EgressWay;
import dev.godwit.api.Network;
import java.io.IOException;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The projects' networks as this host can serve them. The first one that has local destinations opens the host's own way
 * out: a host that needs none does not begin to forward. While it can't be opened, all destinations are reached by the
 * edge. Thread-safe.
 */
final class LocalWayOut implements Function<String, Network> {
    private static final Logger log = LoggerFactory.getLogger(LocalWayOut.class);

    private final Function<String, Network> networks;
    private final Way way;
    private boolean open;

    /** What opens the way in the kernel. */
    interface Way {
        void open() throws IOException;
    }

    LocalWayOut(Function<String, Network> networks, Way way) {
        this.networks = networks;
        this.way = way;
    }

    @Override
    public Network apply(String project) {
        Network network = networks.apply(project);
        boolean local = network.egress().stream().map(EgressRule::via).anyMatch(EgressWay.LOCAL::equals);
        return !local || isOpen(project) ? network : byTheEdge(network);
    }

    private synchronized boolean isOpen(String project) {
        if (!open) {
            try {
                way.open();
                open = true;
                log.info(
                        "this host sends to the local destinations of project {} itself, under its own address",
                        project);
            } catch (IOException e) {
                log.error("the VMs of project {} reach local destinations by the edge: {}", project, e.getMessage());
            }
        }
        return open;
    }

    private static Network byTheEdge(Network network) {
        return new Network(
                network.project(),
                network.vni(),
                network.revision(),
                network.allow(),
                network.deny(),
                List.of(),
                network.rate(),
                network.subnet());
    }
}
