package hudson.slaves;

import hudson.model.Descriptor.FormException;
import hudson.model.Slave;
import hudson.model.TaskListener;
import java.io.IOException;

/** Signature of {@code hudson.slaves.AbstractCloudSlave}: the members that the plugin uses. */
public abstract class AbstractCloudSlave extends Slave {
    protected AbstractCloudSlave(String name, String remoteFS, ComputerLauncher launcher)
            throws FormException, IOException {
        super(null, null, null);
        throw new UnsupportedOperationException();
    }

    public abstract AbstractCloudComputer createComputer();

    public void terminate() throws InterruptedException, IOException {
        throw new UnsupportedOperationException();
    }

    protected abstract void _terminate(TaskListener listener) throws IOException, InterruptedException;
}
