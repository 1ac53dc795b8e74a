package dev.godwit.jenkins;

import hudson.model.Action;
import hudson.model.Cause;
import hudson.model.CauseAction;
import hudson.model.Executor;
import hudson.model.Queue;
import hudson.model.Result;
import hudson.model.Run;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The builds on a node. */
final class Builds {
    private Builds() {}

    /** Says it in the agent's log and in that of each build on the node. */
    static void say(GodwitComputer computer, String sentence) {
        computer.getListener().getLogger().println(sentence);
        Set<Run<?, ?>> builds = new LinkedHashSet<>();
        for (Executor each : computer.busyExecutors()) {
            Run<?, ?> build = build(each.getCurrentExecutable());
            if (build != null) {
                builds.add(build);
            }
        }
        builds.forEach(build -> BuildLogs.println(build, sentence));
    }

    /**
     * Interrupts the node's builds with the cause.
     *
     * @param resubmit whether each build that runs as a whole on the node is queued again. A pipeline is not: it runs on, and
     *     its {@code retry} repeats what was on the node
     */
    static void interrupt(GodwitComputer computer, String cause, boolean resubmit) {
        for (Executor each : computer.busyExecutors()) {
            Queue.Executable executable = each.getCurrentExecutable();
            Run<?, ?> build = build(executable);
            if (resubmit && build != null) {
                if (executable == (Object) build) {
                    resubmit(build, cause);
                } else {
                    BuildLogs.println(
                            build,
                            "Godwit: a pipeline is not resubmitted;"
                                    + " retry(conditions: [godwitAgent()], count: 2) around node repeats what was lost");
                }
            }
            each.interrupt(Result.ABORTED, new VmLost(computer.getName(), cause));
        }
    }

    /** Queues exactly this build again, with its parameters and its revision: its own actions say which. */
    private static void resubmit(Run<?, ?> build, String cause) {
        if (!(build.getParent() instanceof Queue.Task task)) {
            return;
        }
        List<Action> actions = new ArrayList<>(build.getActions(Queue.QueueAction.class));
        List<Cause> causes = new ArrayList<>(build.getCauses());
        causes.add(new Resubmitted(build.getFullDisplayName(), cause));
        actions.add(new CauseAction(causes));
        boolean accepted = Queue.getInstance().schedule2(task, 0, actions).isAccepted();
        BuildLogs.println(
                build,
                accepted
                        ? "Godwit: this build is resubmitted with the same parameters"
                        : "Godwit: this build could not be resubmitted: the queue refused it");
    }

    /** The build that an executable is, or is a part of; null where it is none. */
    private static @Nullable Run<?, ?> build(Queue.@Nullable Executable executable) {
        for (Queue.Executable each = executable; each != null; each = each.getParentExecutable()) {
            if ((Object) each instanceof Run<?, ?> run) {
                return run;
            }
        }
        return null;
    }
}
