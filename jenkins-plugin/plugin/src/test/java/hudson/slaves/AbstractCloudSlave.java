package hudson.slaves;

import hudson.model.Descriptor.FormException;
import hudson.model.Slave;
import hudson.model.TaskListener;
import java.io.IOException;
import jenkins.model.Jenkins;

/** Simulated. */
public abstract class AbstractCloudSlave extends Slave {
    private static final long serialVersionUID = 1L;

    protected AbstractCloudSlave(String name, String remoteFS, ComputerLauncher launcher)
            throws FormException, IOException {
        super(name, remoteFS, launcher);
    }

    @Override
    public abstract AbstractCloudComputer<?> createComputer();

    protected abstract void _terminate(TaskListener listener) throws IOException, InterruptedException;

    /** The node is removed whether its end succeeds or not. */
    public void terminate() throws IOException, InterruptedException {
        try {
            _terminate(new SlaveComputer.Log());
        } finally {
            Jenkins.get().removeNode(this);
        }
    }
}
