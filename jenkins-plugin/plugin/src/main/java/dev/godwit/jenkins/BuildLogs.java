package dev.godwit.jenkins;

import hudson.Extension;
import hudson.ExtensionList;
import hudson.ExtensionPoint;
import hudson.model.Run;
import hudson.model.TaskListener;
import hudson.model.listeners.RunListener;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The logs of the builds that run. */
@Extension
public class BuildLogs extends RunListener<Run<?, ?>> {
    /** Finds the log of a build that began before the controller's restart. */
    public abstract static class Source implements ExtensionPoint {
        /** The build's log; empty when this source does not know it. */
        protected abstract Optional<TaskListener> log(Run<?, ?> build);
    }

    private final Map<Run<?, ?>, TaskListener> logs = new ConcurrentHashMap<>();

    /** Writes a line into the build's log, if the build still runs. */
    static void println(Run<?, ?> build, String line) {
        ExtensionList.lookupSingleton(BuildLogs.class)
                .log(build)
                .ifPresent(log -> log.getLogger().println(line));
    }

    private Optional<TaskListener> log(Run<?, ?> build) {
        TaskListener known = logs.get(build);
        if (known != null) {
            return Optional.of(known);
        }
        return ExtensionList.lookup(Source.class).stream()
                .flatMap(source -> source.log(build).stream())
                .findFirst();
    }

    @Override
    public void onStarted(Run<?, ?> build, TaskListener listener) {
        logs.put(build, listener);
    }

    @Override
    public void onCompleted(Run<?, ?> build, TaskListener listener) {
        logs.remove(build);
    }
}
