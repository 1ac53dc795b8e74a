package hudson.model;

import java.io.IOException;

/** Signature of {@code hudson.model.AsyncPeriodicWork}: the members that the plugin uses. */
public abstract class AsyncPeriodicWork extends PeriodicWork {
    protected AsyncPeriodicWork(String name) {
        super();
        throw new UnsupportedOperationException();
    }

    protected abstract void execute(TaskListener listener) throws IOException, InterruptedException;
}
