package dev.godwit.jenkins.broker;

import dev.godwit.api.Vm;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The VMs of one cloud: made under caps, kept by leases, followed through moves, and removed. Closing it leaves the VMs alone:
 * they live until their leases end, and another broker attaches to them. Thread-safe.
 */
public final class Broker implements AutoCloseable {
    private static final Duration CENSUS_EVERY = Duration.ofSeconds(30);
    /** How soon a hostd is asked that did not answer, and a deletion tried that did not work. */
    private static final Duration AGAIN_EVERY = Duration.ofSeconds(5);

    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    private final InstantSource clock;
    private final Scheduler timer;
    private final Ledger ledger;
    private final CloudLog log;
    private final Fleet fleet;
    private final Workers workers = new Workers();
    private final Notices notices;
    private final VmLookout lookout;
    private final MoveWatch moves;
    private final Census census;
    private final Leases leases;
    private final Deletions deletions;
    private final ProvisioningTimes times = new ProvisioningTimes();
    private volatile BrokerSettings settings;
    private Set<String> heldBefore = Set.of();
    private boolean usableBefore;

    private Broker(
            BrokerSettings settings, KnownNodes nodes, AgentEvents events, InstantSource clock, Scheduler timer) {
        this.settings = settings;
        this.clock = clock;
        this.timer = timer;
        this.ledger = new Ledger(clock, new SecureRandom());
        this.log = new CloudLog(settings.cloud(), clock);
        this.fleet = new Fleet(settings, log, clock);
        this.notices = new Notices(events);
        this.lookout = new VmLookout(fleet, settings.owner(), workers, notices);
        this.moves = new MoveWatch(fleet, ledger, lookout, notices, workers, clock, this::takeCensus);
        this.census = new Census(fleet, ledger, lookout, moves, nodes, settings.owner(), clock);
        this.leases = new Leases(fleet, ledger, lookout, log, clock, () -> this.settings.leaseTtl());
        this.deletions = new Deletions(fleet, ledger, lookout, log, workers, notices);
    }

    /**
     * Begins to work; does not wait for a hostd.
     *
     * @param nodes what must not be reaped although this broker does not know it
     * @param events whom to tell
     * @throws IllegalArgumentException the endpoints need a certificate and there is none
     */
    public static Broker open(BrokerSettings settings, KnownNodes nodes, AgentEvents events) {
        return open(settings, nodes, events, InstantSource.system(), Scheduler.real());
    }

    /** The same with a clock and a timer; the broker closes the timer. */
    public static Broker open(
            BrokerSettings settings, KnownNodes nodes, AgentEvents events, InstantSource clock, Scheduler timer) {
        Broker broker = new Broker(settings, nodes, events, clock, timer);
        broker.begin();
        return broker;
    }

    private void begin() {
        moves.follow();
        workers.run(this::takeCensus);
        timer.every(CENSUS_EVERY, this::takeCensus);
        timer.every(LOOK_EVERY, leases::renewWhenDue);
        timer.every(AGAIN_EVERY, this::tryAgain);
        timer.every(LOOK_EVERY, this::tellWhatIsAvailable);
    }

    private void takeCensus() {
        census.take();
        tellWhatIsAvailable();
    }

    private void tryAgain() {
        if (fleet.isSilent()) {
            census.take();
            if (!fleet.isSilent()) {
                leases.renewAll();
            }
        }
        deletions.again();
    }

    private synchronized void tellWhatIsAvailable() {
        Set<String> held = ledger.held();
        boolean usable = fleet.usable();
        boolean more = (usable && !usableBefore) || !held.containsAll(heldBefore);
        heldBefore = held;
        usableBefore = usable;
        if (more) {
            notices.tell(AgentEvents::available);
        }
    }

    /** The settings it works by. */
    public BrokerSettings settings() {
        return settings;
    }

    /**
     * Works by other settings from now on; agents that are there stay, whatever the new caps are.
     *
     * @throws IllegalArgumentException the owner is another one, or the endpoints need a certificate and there is none
     */
    public synchronized void reconfigure(BrokerSettings to) {
        if (!to.owner().equals(settings.owner())) {
            throw new IllegalArgumentException(
                    "the owner " + settings.owner() + " can't become " + to.owner() + ": its VMs would be nobody's");
        }
        boolean elsewhere = !to.endpoints().equals(settings.endpoints()) || to.tls() != settings.tls();
        if (elsewhere) {
            fleet.reconnect(to);
        }
        settings = to;
        if (elsewhere) {
            workers.run(this::takeCensus);
        }
    }

    /**
     * Takes places for nodes under the caps of the cloud and of the agent templates; never more than they allow. Gives fewer
     * nodes or none where caps, a refusal of a moment ago or a silent hostd leave no more: {@link #log} says why.
     *
     * @param fits which agent templates serve the label; asked in their order
     * @param executorsWanted as many as all nodes together shall have at least
     */
    public List<Reservation> reserve(Predicate<AgentTemplate> fits, int executorsWanted) {
        return reserve(fits, executorsWanted, clock.instant());
    }

    /**
     * The same for builds that wait.
     *
     * @param wantedSince when the first of them was queued: its provisioning time begins there
     */
    public List<Reservation> reserve(Predicate<AgentTemplate> fits, int executorsWanted, Instant wantedSince) {
        return fleet.usable()
                ? ledger.reserve(settings, fits.and(this::suits), executorsWanted, wantedSince)
                : List.of();
    }

    private boolean suits(AgentTemplate template) {
        String why = fleet.whyNot(template);
        if (why != null) {
            log.say(template.name(), why);
        }
        return why == null;
    }

    /** Whether {@link #reserve} would give a node now. Does not block. */
    public boolean canReserve(Predicate<AgentTemplate> fits) {
        return fleet.usable()
                && settings.agentTemplates().stream()
                        .anyMatch(template ->
                                fits.test(template) && suits(template) && ledger.hasRoom(settings, template));
    }

    /** Gives a place back that was never started. The same as {@link #terminate}. */
    public void release(String node) {
        terminate(node);
    }

    /**
     * Takes a node of before a controller's restart as the broker's own again. Its VM is not made anew when it is gone: the
     * node is then {@linkplain AgentEvents#lost lost}. Does not block.
     */
    public void attach(String node, String agentTemplate, int executors) {
        Agent agent = ledger.attach(node, agentTemplate, executors);
        workers.run(() -> {
            try {
                Vm vm = lookout.find(agent.node).orElse(null);
                fleet.answered();
                if (vm == null) {
                    lookout.check(agent);
                } else {
                    agent.seen(vm);
                    moves.reconcile(agent, vm);
                }
            } catch (IOException e) {
                fleet.failed(e); // the next census finds it
            }
        });
    }

    /**
     * Makes the VM of a reserved node, or finds the one that is there, and starts the agent's process in it unless it runs.
     * Blocks until the process runs. May be called again for the same node, at any time. What the process writes comes to the
     * log for as long as it runs.
     *
     * @throws AgentStartFailed with a sentence; the node is to be terminated
     * @throws InterruptedException the caller gave up; the node is to be terminated
     */
    public void start(AgentConnection connection, StartLog to) throws AgentStartFailed, InterruptedException {
        Agent agent = ledger.find(connection.nodeName())
                .orElseThrow(() -> new AgentStartFailed(
                        AgentStartFailed.Reason.TERMINATED,
                        "Node " + connection.nodeName() + " is none of cloud " + settings.cloud() + ".",
                        null));
        AgentTemplate template = settings.agentTemplate(agent.templateName)
                .orElseThrow(() -> new AgentStartFailed(
                        AgentStartFailed.Reason.REFUSED,
                        "Cloud " + settings.cloud() + " has no agent template " + agent.templateName + " any more.",
                        null));
        agent.work.lockInterruptibly();
        try {
            new AgentStart(
                            new AgentStart.Gear(fleet, ledger, lookout, log, clock, settings),
                            agent,
                            template,
                            connection,
                            to)
                    .run();
            Vm vm = agent.vm();
            if (vm != null) {
                moves.reconcile(agent, vm); // it may have begun to move while the start was under way
            }
        } finally {
            agent.work.unlock();
            if (agent.state() == AgentState.TERMINATING) {
                deletions.begin(agent); // it could not be deleted while it was being made
            }
        }
    }

    /** The agent's connection is there: its times are complete. */
    public void connected(String node) {
        ledger.find(node).ifPresent(agent -> {
            agent.connected();
            agent.milestones().connected(clock.instant()).ifPresent(sample -> times.add(agent.templateName, sample));
        });
    }

    /** Deletes a node's VM. Does not wait; what fails is tried again until hostd says that the VM is gone. */
    public void terminate(String node) {
        ledger.find(node).ifPresent(deletions::begin);
    }

    /** How an agent stands; empty when the node is unknown. */
    public Optional<AgentStatus> agent(String node) {
        return ledger.find(node).map(Agent::status);
    }

    /** All that count under the caps. */
    public List<AgentStatus> agents() {
        return ledger.all().stream().map(Agent::status).toList();
    }

    /** The serial console's log of a node's VM so far. The caller closes it. */
    public InputStream console(String node) throws IOException {
        Agent agent = ledger.find(node).orElseThrow(() -> new IOException("There is no node " + node + "."));
        String vm = agent.status().vm();
        if (vm == null) {
            throw new IOException("Node " + node + " has no VM yet.");
        }
        return fleet.client().console(vm);
    }

    /** Asks the fleet; blocks for some seconds at most. */
    public ConnectionReport connectionReport() {
        return fleet.report();
    }

    /** The same for settings that no broker works by yet: <em>Test connection</em>. */
    public static ConnectionReport connectionReport(BrokerSettings settings) {
        InstantSource clock = InstantSource.system();
        try (Fleet asked = new Fleet(settings, new CloudLog(settings.cloud(), clock), clock)) {
            return asked.report();
        } catch (IllegalArgumentException unusable) {
            return new ConnectionReport(List.of(), null, Fleet.sentence(unusable), Map.of());
        }
    }

    /** How long agents took. */
    public ProvisioningTimes times() {
        return times;
    }

    /** What went wrong. */
    public CloudLog log() {
        return log;
    }

    /** Stops to renew, follow and reap; the VMs stay. */
    @Override
    public void close() {
        timer.close();
        moves.close();
        for (Agent agent : ledger.all()) {
            AgentProcess process = agent.process();
            if (process != null) {
                process.close();
            }
        }
        workers.close();
        notices.close();
        fleet.close();
    }
}
