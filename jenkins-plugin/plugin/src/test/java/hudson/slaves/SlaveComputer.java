package hudson.slaves;

import dev.godwit.jenkins.sim.Simulator;
import hudson.model.Computer;
import hudson.model.Executor;
import hudson.model.ExecutorListener;
import hudson.model.Node;
import hudson.model.Queue;
import hudson.model.Slave;
import hudson.model.TaskListener;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/** Simulated. */
public class SlaveComputer extends Computer {
    /** A log in memory. */
    public static final class Log implements TaskListener {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final PrintStream print = new PrintStream(bytes, true, StandardCharsets.UTF_8);

        @Override
        public PrintStream getLogger() {
            return print;
        }

        @Override
        public PrintWriter error(String sentence) {
            print.println(sentence);
            return new PrintWriter(print);
        }

        public String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    private final Slave slave;
    private final Log log = new Log();
    private boolean online;
    private boolean connecting;
    private boolean ended;
    private int launches;

    public SlaveComputer(Slave slave) {
        super(slave);
        this.slave = slave;
    }

    public String log() {
        return log.text();
    }

    /** How often its launcher was asked. */
    public int launches() {
        return launches;
    }

    public String getJnlpMac() {
        return "5ec3e7";
    }

    public TaskListener getListener() {
        return log;
    }

    public boolean isConnecting() {
        return connecting;
    }

    @Override
    public Node getNode() {
        return slave;
    }

    @Override
    public boolean online() {
        return online;
    }

    @Override
    @SuppressWarnings("unchecked")
    public boolean isAcceptingTasks() {
        return slave.getRetentionStrategy().isAcceptingTasks(this);
    }

    @Override
    @SuppressWarnings("unchecked")
    public void check() {
        slave.getRetentionStrategy().check(this);
    }

    @Override
    protected Future<?> launch(boolean forceReconnect) {
        if (online || connecting && !forceReconnect) {
            return CompletableFuture.completedFuture(null);
        }
        connecting = true;
        return threadPoolForRemoting.submit(() -> {
            launches++;
            try {
                slave.getLauncher().launch(this, log);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            } finally {
                connecting = false;
            }
        });
    }

    /** The agent dialled in. */
    public void dialledIn() throws IOException, InterruptedException {
        online = true;
        offlineCause = null;
        for (ComputerListener each : Simulator.current().extensions(ComputerListener.class)) {
            each.onOnline(this, log);
        }
    }

    /** The channel ends: what was built on it fails, as a freestyle build does. */
    public void channelClosed(String why) {
        if (!online) {
            return;
        }
        online = false;
        log.getLogger().println(why);
        for (Executor each : getExecutors()) {
            each.ends(new IOException(why));
        }
    }

    /** The channel ends, and what was built outlives it, as a pipeline's step does. */
    public void channelBroke() {
        online = false;
    }

    /** An agent whose VM runs dials again until the controller takes it. */
    public void dialAgain() {
        if (!online && !ended && getNode() != null) {
            try {
                dialledIn();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public Future<?> disconnect(OfflineCause cause) {
        channelClosed(cause.toString());
        ended = true;
        return super.disconnect(cause);
    }

    private List<ExecutorListener> listeners() {
        return slave.getRetentionStrategy() instanceof ExecutorListener listener ? List.of(listener) : List.of();
    }

    @Override
    public void taskAccepted(Executor executor, Queue.Task task) {
        listeners().forEach(each -> each.taskAccepted(executor, task));
    }

    @Override
    public void taskCompleted(Executor executor, Queue.Task task, long durationMillis) {
        listeners().forEach(each -> each.taskCompleted(executor, task, durationMillis));
    }

    @Override
    public void taskCompletedWithProblems(Executor executor, Queue.Task task, long durationMillis, Throwable problems) {
        listeners().forEach(each -> each.taskCompletedWithProblems(executor, task, durationMillis, problems));
    }
}
