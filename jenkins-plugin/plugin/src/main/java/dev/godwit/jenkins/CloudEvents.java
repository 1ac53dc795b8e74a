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
    /** A build that was interrupted writes its end within a moment; one that hangs must not keep its dead node for ever. */
    static final int ENDING_SECONDS_MAX = 60;

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
            Builds.say(computer, "Godwit: not moved, it runs on at " + host + ": " + why);
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
        end(agent.get(), wanted, "the VM is lost: " + cause, cause);
        Reviews.ofQueue();
    }

    /**
     * The agent of a node could not be started and will not be tried again. Where a controller was restarted, builds of before
     * may wait for it.
     */
    static void startFailed(GodwitAgent agent, String cause) {
        if (LostNodes.cause(agent.getNodeName()).isEmpty()) { // else its end has begun
            end(agent, OnMoveFailure.FAIL, "the agent can't be started: " + cause, cause);
        }
    }

    /** Ends a node's builds, and the node after them: a build whose node is gone does not say why it ended. */
    private static void end(GodwitAgent agent, OnMoveFailure wanted, String told, String cause) {
        if (!(agent.toComputer() instanceof GodwitComputer computer)) {
            agent.terminateLater();
            return;
        }
        boolean waits = wanted == OnMoveFailure.KEEP_WAITING
                && !computer.busyExecutors().isEmpty();
        computer.setMoving(false);
        computer.markUsed(); // takes no task any more
        Builds.say(computer, "Godwit: " + told);
        if (!waits) {
            Builds.interrupt(computer, cause, wanted == OnMoveFailure.RESUBMIT);
        }
        computer.startFailed();
        var unused = computer.disconnect(new HostLost(cause));
        if (waits) {
            var later = Timer.get().schedule(() -> agent.terminateLater(), LOST_KEPT_MINUTES, TimeUnit.MINUTES);
        } else {
            removeOnceEnded(agent, computer, ENDING_SECONDS_MAX);
        }
    }

    /** Soon, since a dead node would keep new ones from being made. */
    private static void removeOnceEnded(GodwitAgent agent, GodwitComputer computer, int seconds) {
        if (seconds == 0 || computer.busyExecutors().isEmpty()) {
            agent.terminateLater();
        } else {
            var later = Timer.get().schedule(() -> removeOnceEnded(agent, computer, seconds - 1), 1, TimeUnit.SECONDS);
        }
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
