package dev.godwit.jenkins.broker;

import dev.godwit.api.Vm;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares this owner's VMs with the nodes: tells of nodes whose VMs are gone, and removes VMs that no node names and have not
 * named for a while. VMs of another owner are never asked for. For one thread at a time.
 */
final class Census {
    /** A controller that comes up has named all its nodes by then. */
    static final Duration GRACE = Duration.ofMinutes(2);

    private static final Logger LOG = LoggerFactory.getLogger(Census.class);

    private final Fleet fleet;
    private final Ledger ledger;
    private final VmLookout lookout;
    private final MoveWatch moves;
    private final KnownNodes nodes;
    private final String owner;
    private final InstantSource clock;
    private final Map<String, Instant> straySince = new HashMap<>();

    Census(
            Fleet fleet,
            Ledger ledger,
            VmLookout lookout,
            MoveWatch moves,
            KnownNodes nodes,
            String owner,
            InstantSource clock) {
        this.fleet = fleet;
        this.ledger = ledger;
        this.lookout = lookout;
        this.moves = moves;
        this.nodes = nodes;
        this.owner = owner;
        this.clock = clock;
    }

    /** Takes it once. */
    synchronized void take() {
        try {
            List<Vm> vms = fleet.client().vms(owner, Map.of());
            fleet.answered();
            reconcile(vms);
            reap(vms);
            fleet.learn();
        } catch (IOException e) {
            fleet.failed(e);
        }
    }

    private void reconcile(List<Vm> vms) {
        Map<String, Vm> byKey = new HashMap<>();
        vms.forEach(vm -> byKey.put(key(vm), vm));
        for (Agent agent : ledger.all()) {
            Vm vm = byKey.get(agent.node);
            if (!agent.mayHaveVm()) {
                continue;
            }
            if (vm == null || VmLookout.isDead(vm.state())) {
                lookout.checkSoon(agent, null);
            } else {
                agent.seen(vm);
                moves.reconcile(agent, vm);
            }
        }
    }

    private void reap(List<Vm> vms) {
        Set<String> named;
        try {
            named = new HashSet<>(nodes.names());
        } catch (RuntimeException notYet) {
            LOG.info("nothing is reaped: the controller does not name its nodes: {}", notYet.getMessage());
            return;
        }
        Map<String, Vm> strays = new HashMap<>();
        for (Vm vm : vms) {
            if (owner.equals(vm.owner())
                    && !named.contains(key(vm))
                    && ledger.find(key(vm)).isEmpty()) {
                strays.put(vm.id(), vm);
            }
        }
        Map<String, String> counting = new HashMap<>();
        strays.values()
                .forEach(vm -> counting.put(
                        key(vm), Objects.requireNonNullElse(vm.labels().get(AgentStart.TEMPLATE_LABEL), "")));
        ledger.strays(counting);
        straySince.keySet().retainAll(strays.keySet());
        for (Vm vm : strays.values()) {
            Instant since = straySince.computeIfAbsent(vm.id(), any -> clock.instant());
            if (!clock.instant().isBefore(since.plus(GRACE))) {
                remove(vm);
            }
        }
    }

    private void remove(Vm vm) {
        if (ledger.find(key(vm)).isPresent()) {
            return; // a node of that name came up meanwhile
        }
        LOG.warn("vm {} ({}) of this controller has no node; it is removed", vm.id(), vm.name());
        try {
            fleet.client().deleteVm(vm.id());
        } catch (IOException e) {
            LOG.warn("vm {} could not be removed and will be tried again: {}", vm.id(), e.getMessage());
        }
    }

    private static String key(Vm vm) {
        return Objects.requireNonNullElse(vm.key(), vm.id());
    }
}
