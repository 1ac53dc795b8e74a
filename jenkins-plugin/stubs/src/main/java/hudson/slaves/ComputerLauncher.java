package hudson.slaves;

import hudson.ExtensionPoint;
import hudson.model.Describable;
import hudson.model.TaskListener;
import java.io.IOException;

/** Signature of {@code hudson.slaves.ComputerLauncher}: the members that the plugin uses. */
public abstract class ComputerLauncher implements Describable<ComputerLauncher>, ExtensionPoint {
    public boolean isLaunchSupported() {
        throw new UnsupportedOperationException();
    }

    public void launch(SlaveComputer computer, TaskListener listener) throws IOException, InterruptedException {
        throw new UnsupportedOperationException();
    }

    public void afterDisconnect(SlaveComputer computer, TaskListener listener) {
        throw new UnsupportedOperationException();
    }

    public void beforeDisconnect(SlaveComputer computer, TaskListener listener) {
        throw new UnsupportedOperationException();
    }
}
