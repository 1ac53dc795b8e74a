package dev.godwit.jenkins.broker;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.RequestFailed;
import dev.godwit.jenkins.broker.AgentStartFailed.Reason;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The way of one node from its reservation to a running agent process, as one blocking call: the VM is made or found, its guest
 * boots, the process is started or found. A hostd that does not answer is waited for. For one thread.
 */
final class AgentStart {
    /** Labels of a VM: where it is from, for people and for the caps of a controller that was started anew. */
    static final String CLOUD_LABEL = "jenkins-cloud";

    static final String TEMPLATE_LABEL = "jenkins-agent-template";

    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    /** What may be over a moment later; anything else is a refusal. */
    private static final Set<ProblemCode> PASSING = EnumSet.of(
            ProblemCode.UNAVAILABLE, ProblemCode.ANSWER_LOST, ProblemCode.INTERNAL, ProblemCode.TOO_MANY_HOPS);

    /** What the start works with, the same for all. */
    record Gear(
            Fleet fleet,
            Ledger ledger,
            VmLookout lookout,
            CloudLog log,
            InstantSource clock,
            BrokerSettings settings) {}

    private final Gear gear;
    private final Agent agent;
    private final AgentTemplate template;
    private final AgentConnection connection;
    private final StartLog log;
    private final Instant deadline;
    private @Nullable IOException silence;

    AgentStart(Gear gear, Agent agent, AgentTemplate template, AgentConnection connection, StartLog log) {
        this.gear = gear;
        this.agent = agent;
        this.template = template;
        this.connection = connection;
        this.log = log;
        this.deadline = gear.clock().instant().plus(template.startTimeout());
    }

    /** See {@link Broker#start}. */
    void run() throws AgentStartFailed, InterruptedException {
        requireWanted();
        AgentProcess running = agent.process();
        if (running != null && running.lives() && running.started()) {
            log.line("The agent's process runs already.");
            return;
        }
        if (!agent.wanted()) {
            requireWanted();
        }
        agent.become(AgentState.CREATING);
        Vm vm = vm();
        agent.become(AgentState.BOOTING);
        awaitGuest(vm);
        agent.milestones().running(gear.clock().instant());
        agent.become(AgentState.STARTING);
        startProcess(vm.id());
        agent.milestones().started(gear.clock().instant());
        agent.runs();
    }

    private Vm vm() throws AgentStartFailed, InterruptedException {
        boolean create = agent.mayCreate && agent.vm() == null;
        agent.milestones().requested(gear.clock().instant());
        log.line(
                create
                        ? "Asking for VM " + agent.node + " from image " + template.image() + "."
                        : "Looking for VM " + agent.node + ".");
        Vm vm = insist(
                "VM " + agent.node,
                () -> create
                        ? Optional.of(gear.fleet().client().createVm(wantedVm()))
                        : Optional.of(gear.lookout().look(agent).orElseThrow(Gone::new)));
        agent.seen(vm);
        if (create) {
            agent.keptLease();
        }
        gear.ledger().unhold(template.name());
        log.line("VM " + vm.name() + " is " + vm.state() + " on " + vm.host() + ".");
        return vm;
    }

    private CreateVm wantedVm() {
        return new CreateVm(
                agent.node,
                template.image(),
                template.vcpus(),
                template.memoryMib(),
                template.diskMib(),
                gear.settings().owner(),
                agent.node,
                Map.of(CLOUD_LABEL, gear.settings().cloud(), TEMPLATE_LABEL, template.name()),
                (int) gear.settings().leaseTtl().toSeconds(),
                template.project());
    }

    private void awaitGuest(Vm made) throws AgentStartFailed, InterruptedException {
        insist("the guest of VM " + agent.node, () -> {
            Vm vm = gear.lookout().look(agent).orElseThrow(Gone::new);
            agent.seen(vm);
            if (VmLookout.isDead(vm.state())) {
                agent.explain("VM " + vm.name() + " is " + vm.state() + " and did not start.");
                throw new Gone();
            }
            return vm.state() == VmState.RUNNING || vm.state() == VmState.MOVING ? Optional.of(vm) : Optional.empty();
        });
        log.line("The guest of VM " + made.name() + " answers.");
    }

    private void startProcess(String vm) throws AgentStartFailed, InterruptedException {
        GodwitClient client = gear.fleet().client();
        AgentProcess process = insist("the agent's process", () -> {
            String exec = client.startExec(vm, AgentScript.command(template, connection));
            byte[] secret = AgentScript.input(connection);
            client.writeStdin(vm, exec, 0, secret, true);
            return Optional.of(new AgentProcess(
                    gear.fleet(),
                    agent.node,
                    vm,
                    exec,
                    log,
                    (started, exit, cause) -> gear.lookout().processEnded(agent, started, exit, cause)));
        });
        agent.process(process);
        process.follow();
        while (!process.awaitStarted(LOOK_EVERY.toMillis())) {
            requireWanted();
            if (isLate()) {
                throw late("the agent's process; its last line is \"" + process.lastLine() + "\"");
            }
        }
        if (!process.started()) {
            throw new AgentStartFailed(
                    Reason.AGENT_ENDED,
                    "The agent of node " + agent.node + " did not start: " + process.lastLine(),
                    null);
        }
    }

    /** There is no such VM any more. */
    private static final class Gone extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private interface Attempt<T> {
        Optional<T> make() throws IOException;
    }

    /** Tries until it works, over outages, until the time is over. */
    private <T> T insist(String what, Attempt<T> attempt) throws AgentStartFailed, InterruptedException {
        while (true) {
            requireWanted();
            long seen = agent.changes();
            try {
                Optional<T> made = attempt.make();
                gear.fleet().answered();
                silence = null;
                if (made.isPresent()) {
                    return made.get();
                }
            } catch (Gone e) {
                gear.lookout().check(agent);
                requireWanted();
            } catch (RequestFailed refused) {
                gear.fleet().answered();
                dealWith(refused);
                silence = refused;
            } catch (IOException away) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("interrupted while waiting for " + what);
                }
                gear.fleet().silent(away);
                if (silence == null) {
                    log.line("Waiting for a hostd: " + Fleet.sentence(away));
                }
                silence = away;
            }
            if (isLate()) {
                throw late(what);
            }
            agent.awaitChange(seen, LOOK_EVERY);
        }
    }

    private void dealWith(RequestFailed refused) throws AgentStartFailed {
        if (PASSING.contains(refused.code())) {
            return;
        }
        if (agent.vm() != null) {
            gear.lookout().check(agent);
            requireWanted();
            if (refused.code() == ProblemCode.CONFLICT) {
                return; // it moves, or is paused for a moment
            }
        } else {
            gear.ledger().hold(template.name());
        }
        String sentence = Fleet.sentence(refused);
        gear.log().say(template.name(), sentence);
        throw new AgentStartFailed(Reason.REFUSED, sentence, refused);
    }

    private void requireWanted() throws AgentStartFailed {
        AgentState state = agent.state();
        if (state == AgentState.TERMINATING) {
            throw new AgentStartFailed(Reason.TERMINATED, "Node " + agent.node + " was removed.", null);
        }
        if (state == AgentState.LOST) {
            throw lost();
        }
    }

    private AgentStartFailed lost() {
        String cause = agent.cause();
        return new AgentStartFailed(
                Reason.VM_GONE, cause == null ? "VM " + agent.node + " is not there any more." : cause, null);
    }

    private boolean isLate() {
        return !gear.clock().instant().isBefore(deadline);
    }

    private AgentStartFailed late(String what) {
        String began = "Waited " + template.startTimeout().toSeconds() + " s in vain for " + what;
        AgentStartFailed failed = silence == null
                ? new AgentStartFailed(Reason.TIMED_OUT, began + ".", null)
                : new AgentStartFailed(
                        silence instanceof RequestFailed ? Reason.TIMED_OUT : Reason.UNREACHABLE,
                        began + ": " + Fleet.sentence(silence),
                        silence);
        gear.log().say(template.name(), Fleet.sentence(failed));
        return failed;
    }
}
