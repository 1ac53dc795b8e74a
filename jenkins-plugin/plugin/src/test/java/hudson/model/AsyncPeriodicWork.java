package hudson.model;

import java.io.IOException;

/** Simulated. */
public abstract class AsyncPeriodicWork extends PeriodicWork {
    protected AsyncPeriodicWork(String name) {}

    protected abstract void execute(TaskListener listener) throws IOException, InterruptedException;

    /** Runs it now. */
    public void now(TaskListener listener) throws IOException, InterruptedException {
        execute(listener);
    }
}
