package dev.godwit.jenkins.broker;

import dev.godwit.api.Vm;
import dev.godwit.client.RequestFailed;
import java.io.IOException;
import java.util.Optional;

/** Removes VMs of nodes that are no more; a place is free once hostd has said that the VM is gone. Thread-safe. */
final class Deletions {
    private final Fleet fleet;
    private final Ledger ledger;
    private final VmLookout lookout;
    private final CloudLog log;
    private final Workers workers;
    private final Notices notices;

    Deletions(Fleet fleet, Ledger ledger, VmLookout lookout, CloudLog log, Workers workers, Notices notices) {
        this.fleet = fleet;
        this.ledger = ledger;
        this.lookout = lookout;
        this.log = log;
        this.workers = workers;
        this.notices = notices;
    }

    void begin(Agent agent) {
        boolean mayHaveVm = agent.terminate();
        AgentProcess process = agent.process();
        if (process != null) {
            process.close();
        }
        if (mayHaveVm) {
            workers.run(() -> attempt(agent));
        } else {
            gone(agent);
        }
    }

    /** Tries again what did not work. */
    void again() {
        for (Agent agent : ledger.all()) {
            if (agent.state() == AgentState.TERMINATING) {
                workers.run(() -> attempt(agent));
            }
        }
    }

    /** While a start still asks for the VM there is nothing to delete yet: it gives up soon, and the next attempt deletes. */
    private void attempt(Agent agent) {
        if (!agent.work.tryLock()) {
            return;
        }
        try {
            if (ledger.find(agent.node).filter(agent::equals).isEmpty()) {
                return;
            }
            Vm known = agent.vm();
            Optional<String> id = known == null ? lookout.find(agent.node).map(Vm::id) : Optional.of(known.id());
            if (id.isPresent()) {
                fleet.client().deleteVm(id.get());
            }
            fleet.answered();
            gone(agent);
        } catch (RequestFailed refused) {
            fleet.answered();
            if (Fleet.isGone(refused)) {
                gone(agent);
            } else {
                log.say(
                        agent.templateName,
                        "VM " + agent.node + " could not be removed and will be tried again: "
                                + Fleet.sentence(refused));
            }
        } catch (IOException away) {
            fleet.silent(away);
        } finally {
            agent.work.unlock();
        }
    }

    private void gone(Agent agent) {
        ledger.remove(agent);
        notices.tell(AgentEvents::available);
    }
}
