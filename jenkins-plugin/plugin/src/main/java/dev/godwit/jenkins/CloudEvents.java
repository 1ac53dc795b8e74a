package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentEvents;
import dev.godwit.jenkins.broker.OnMoveFailure;
import hudson.model.Node;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import jenkins.model.Jenkins;
import jenkins.util.Timer;
import org.jspecify.annotations.Nullable;

/** What the events of a cloud's VMs do to its nodes and to the builds on them. */
final class CloudEvents implements AgentEvents {
    /** A lost node that is kept waiting goes after so long: a pipeline gives up on a node that is away as long. */
    static final long LOST_KEPT_MINUTES = 5;

    private final String cloud;

    CloudEvents(String cloud) {
        this.cloud = cloud;
    }

    @Override
    public void moving(String node, String from) {
        computer(node).ifPresent(computer -> {
            computer.setMoving(true);
            computer.getListener().getLogger().println("Godwit: moving away from " + from);
        });
    }

    @Override
    public void moved(String node, String from, String host, @Nullable Double pausedMillis) {
        agent(node).ifPresent(agent -> agent.movedTo(host));
        String paused = pausedMillis == null ? "" : String.format(Locale.ROOT, ", paused %.0f ms", pausedMillis);
        computer(node).ifPresent(computer -> {
            computer.setMoving(false);
            Builds.say(computer, "Godwit: moved " + from + " → " + host + paused);
        });
        GodwitMetrics.count(GodwitMetrics.MIGRATIONS);
        if (pausedMillis != null) {
            GodwitMetrics.millis(GodwitMetrics.MIGRATION_PAUSE, Math.round(pausedMillis));
        }
        Reviews.ofQueue();
    }

    @Override
    public void movedBack(String node, String host, String why) {
        computer(node).ifPresent(computer -> {
            computer.setMoving(false);
            computer.getListener().getLogger().println("Godwit: not moved, it runs on at " + host + ": " + why);
        });
        Reviews.ofQueue();
    }

    @Override
    public void lost(String node, String cause) {
        LostNodes.add(node, cause);
        Optional<GodwitAgent> agent = agent(node);
        if (agent.isEmpty()) {
            Brokers.find(cloud).ifPresent(agents -> agents.terminate(node));
            return;
        }
        GodwitMetrics.count(GodwitMetrics.VMS_LOST);
        OnMoveFailure wanted = Brokers.cloud(cloud)
                .flatMap(each -> each.agentTemplate(agent.get().getAgentTemplateName()))
                .map(GodwitAgentTemplate::getOnMoveFailure)
                .orElse(OnMoveFailure.FAIL);
        boolean busy = false;
        if (agent.get().toComputer() instanceof GodwitComputer computer) {
            busy = !computer.busyExecutors().isEmpty();
            end(computer, wanted, cause);
        }
        if (busy && wanted == OnMoveFailure.KEEP_WAITING) {
            var unused = Timer.get().schedule(() -> agent.get().terminateLater(), LOST_KEPT_MINUTES, TimeUnit.MINUTES);
        } else {
            agent.get().terminateLater(); // a dead node would keep new ones from being made
        }
        Reviews.ofQueue();
    }

    private static void end(GodwitComputer computer, OnMoveFailure wanted, String cause) {
        computer.setMoving(false);
        computer.markUsed(); // takes no task any more
        computer.startFailed();
        Builds.say(computer, "Godwit: the VM is lost: " + cause);
        if (wanted != OnMoveFailure.KEEP_WAITING) {
            Builds.interrupt(computer, cause, wanted == OnMoveFailure.RESUBMIT);
        }
        var unused = computer.disconnect(new HostLost(cause));
    }

    @Override
    public void ended(String node, @Nullable Integer exit, String cause) {
        Optional<GodwitAgent> agent = agent(node);
        if (agent.isEmpty() || !(agent.get().toComputer() instanceof GodwitComputer computer)) {
            return;
        }
        computer.getListener().getLogger().println("Godwit: the agent ended: " + cause);
        computer.startFailed();
        if (computer.busyExecutors().isEmpty()) {
            agent.get().terminateLater(); // a dead node would keep new ones from being made
            return;
        }
        // The VM runs, and in it what a pipeline's shell step started: a new agent finds it again.
        Builds.say(computer, "Godwit: the agent ended in its VM, which runs on; it is started again: " + cause);
        var unused = computer.connect(true);
    }

    @Override
    public void available() {
        Reviews.ofQueue();
    }

    private static Optional<GodwitAgent> agent(String name) {
        Node node = Jenkins.get().getNode(name);
        return node instanceof GodwitAgent agent ? Optional.of(agent) : Optional.empty();
    }

    private static Optional<GodwitComputer> computer(String name) {
        return agent(name)
                .flatMap(agent -> agent.toComputer() instanceof GodwitComputer computer
                        ? Optional.of(computer)
                        : Optional.empty());
    }
}
