package dev.godwit.jenkins.broker;

import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.client.RequestFailed;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Finds out whether a node's VM still is, and says so when it is not. An agent is lost by hostd's word only. Thread-safe. */
final class VmLookout {
    /** Right at a VM's change of owner a host may not know it. */
    private static final int LOOKS = 3;
    /** A VM that is said to end takes some seconds to. */
    private static final int LOOKS_TOLD = 15;

    private static final long LOOK_AGAIN_MILLIS = 1000;

    private final Fleet fleet;
    private final String owner;
    private final Workers workers;
    private final Notices notices;

    VmLookout(Fleet fleet, String owner, Workers workers, Notices notices) {
        this.fleet = fleet;
        this.owner = owner;
        this.workers = workers;
        this.notices = notices;
    }

    /** The VM of a node by owner and key. A name proves nothing: another controller's VM may have it. */
    Optional<Vm> find(String node) throws IOException {
        return fleet.client().vms(owner, Map.of()).stream()
                .filter(vm -> node.equals(vm.key()))
                .findFirst();
    }

    /** The VM as it is now; empty when there is none. */
    Optional<Vm> look(Agent agent) throws IOException {
        Vm known = agent.vm();
        if (known == null) {
            return find(agent.node);
        }
        try {
            return Optional.of(fleet.client().vm(known.id()));
        } catch (RequestFailed e) {
            if (Fleet.isGone(e)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Whether nothing runs in a VM of this state any more. */
    static boolean isDead(VmState state) {
        return state == VmState.LOST || state == VmState.FAILED || state == VmState.STOPPED;
    }

    /** Looks on a thread of its own. */
    void checkSoon(Agent agent, @Nullable String detail) {
        agent.explain(detail);
        workers.run(() -> check(agent, detail != null));
    }

    /** The same for one that nobody said anything of. */
    void check(Agent agent) {
        check(agent, false);
    }

    /** Looks, and tells when the VM is gone; blocks for seconds where it seems so. */
    private void check(Agent agent, boolean told) {
        try {
            int missed = 0;
            for (int look = 1; mayBeLost(agent); look++) {
                Optional<Vm> vm = look(agent);
                fleet.answered();
                missed = vm.isPresent() ? 0 : missed + 1;
                if (vm.isPresent() && isDead(vm.get().state())) {
                    lost(agent, "VM " + agent.node + " is " + vm.get().state() + ".");
                } else if (missed == LOOKS) {
                    lost(agent, "VM " + agent.node + " is not there any more: its lease ran out, or it was removed.");
                } else if (missed == 0 && look >= (told ? LOOKS_TOLD : 1)) {
                    return;
                }
                TimeUnit.MILLISECONDS.sleep(LOOK_AGAIN_MILLIS);
            }
        } catch (IOException e) {
            fleet.failed(e); // the next census looks again
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One that hostd was asked for and that was never seen is no loss: the start still asks. */
    private static boolean mayBeLost(Agent agent) {
        AgentState state = agent.state();
        return state != AgentState.TERMINATING && state != AgentState.LOST && (agent.vm() != null || !agent.mayCreate);
    }

    /** @param otherwise the cause where hostd gave none */
    void lost(Agent agent, String otherwise) {
        String cause = agent.explanation(otherwise);
        if (agent.lost(cause)) {
            AgentProcess process = agent.process();
            if (process != null) {
                process.close();
            }
            notices.tell(listener -> listener.lost(agent.node, cause));
        }
    }

    /** The agent's process ended: with its VM, or alone. */
    void processEnded(Agent agent, boolean started, @Nullable Integer exit, String cause) {
        workers.run(() -> {
            check(agent);
            if (agent.ended(cause) && started) {
                notices.tell(listener -> listener.ended(agent.node, exit, cause));
            }
        });
    }
}
