package dev.godwit.jenkins.broker;

import dev.godwit.api.Exec;
import dev.godwit.api.ExecEnd;
import dev.godwit.api.ExecOutput;
import dev.godwit.api.ExecState;
import dev.godwit.api.ProblemCode;
import dev.godwit.client.ExecStream;
import dev.godwit.client.RequestFailed;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Follows the agent's process in the guest by its output, over moves and outages, until it ends or nobody wants to know any
 * more. It has a thread of its own. Thread-safe.
 */
final class AgentProcess implements AutoCloseable {
    /** Whom it tells of the end, once. */
    interface End {
        /**
         * The process ended.
         *
         * @param started whether it was seen to run before
         * @param exit null where it is not known
         */
        void ended(boolean started, @Nullable Integer exit, String cause);
    }

    private static final long AGAIN_MILLIS = 1000;
    /** Right at a VM's change of owner a host may not know it; after so many seconds nobody does. */
    private static final int UNKNOWN_MAX = 10;

    private final Fleet fleet;
    private final String node;
    private final String vm;
    private final String execId;
    private final StartLog log;
    private final End end;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final OutputLines lines;
    private @Nullable ExecStream stream;
    private String lastLine = "";
    private boolean started;
    private boolean over;
    private int unknown;

    AgentProcess(Fleet fleet, String node, String vm, String execId, StartLog log, End end) {
        this.fleet = fleet;
        this.node = node;
        this.vm = vm;
        this.execId = execId;
        this.log = log;
        this.end = end;
        this.lines = new OutputLines(this::line);
    }

    /** Begins to follow. */
    void follow() {
        Workers.daemon(this::run, "godwit-agent-" + node).start();
    }

    /** Waits until the process runs or has ended, or for so long; true when one of both. */
    synchronized boolean awaitStarted(long millis) throws InterruptedException {
        if (!started && !over) {
            TimeUnit.MILLISECONDS.timedWait(this, millis);
        }
        return started || over;
    }

    synchronized boolean started() {
        return started;
    }

    /** Whether it is followed and was not seen to end. */
    synchronized boolean lives() {
        return !over && closed.getCount() > 0;
    }

    synchronized String lastLine() {
        return lastLine;
    }

    private void run() {
        long stdout = 0;
        long stderr = 0;
        while (closed.getCount() > 0) {
            try (ExecStream following = fleet.client().output(vm, execId, stdout, stderr)) {
                attach(following);
                try {
                    for (ExecOutput output = following.next(); output != null; output = following.next()) {
                        fleet.answered();
                        unknown = 0;
                        lines.add(output);
                    }
                    finish(following.end());
                    return;
                } finally {
                    stdout = following.stdoutOffset();
                    stderr = following.stderrOffset();
                }
            } catch (IOException e) {
                if (closed.getCount() == 0) {
                    return;
                }
                fleet.failed(e);
                if (e instanceof RequestFailed refused) {
                    Left left = left(refused);
                    if (left.over()) {
                        return;
                    }
                    if (left.exec() != null && refused.code() == ProblemCode.GONE) {
                        stdout = left.exec().stdoutBytes(); // what lies between is lost to the log, not to the agent
                        stderr = left.exec().stderrBytes();
                    }
                }
                if (!pause()) {
                    return;
                }
            }
        }
    }

    /** The process as the guest knows it; without it when nobody could tell. */
    private record Left(boolean over, @Nullable Exec exec) {}

    private Left left(RequestFailed refused) {
        try {
            Exec exec = fleet.client().exec(vm, execId);
            if (exec.state() == ExecState.LOST) {
                over(null, "the guest does not know the agent's process any more");
            }
            return new Left(exec.state() == ExecState.LOST, exec);
        } catch (RequestFailed gone) {
            boolean told = gone.code() == ProblemCode.VM_LOST || (Fleet.isGone(gone) && ++unknown >= UNKNOWN_MAX);
            if (told) {
                over(null, Fleet.sentence(refused));
                return new Left(true, null);
            }
            return new Left(false, null);
        } catch (IOException away) {
            fleet.failed(away);
            return new Left(false, null);
        }
    }

    private synchronized void attach(ExecStream following) {
        stream = following;
        if (closed.getCount() == 0) {
            following.close();
        }
    }

    private boolean pause() {
        try {
            return !closed.await(AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void line(String text) {
        log.line(text);
        synchronized (this) {
            if (!text.isBlank()) {
                lastLine = text.strip();
            }
            if (text.equals(AgentScript.STARTS) || text.equals(AgentScript.RUNS)) {
                started = true;
                notifyAll();
            }
        }
    }

    private void finish(ExecEnd how) {
        lines.end();
        int status = how.shellStatus();
        String last = lastLine();
        over(status, "the agent's process ended with status " + status + (last.isEmpty() ? "." : ": " + last));
    }

    private void over(@Nullable Integer exit, String cause) {
        boolean ran;
        synchronized (this) {
            over = true;
            ran = started;
            lastLine = cause;
            notifyAll();
        }
        if (closed.getCount() > 0) {
            end.ended(ran, exit, cause);
        }
    }

    /** Follows it no more; the process runs on. */
    @Override
    public void close() {
        closed.countDown();
        ExecStream following;
        synchronized (this) {
            following = stream;
        }
        if (following != null) {
            following.close();
        }
    }
}
