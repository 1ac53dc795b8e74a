package hudson.slaves;

import hudson.model.Computer;
import hudson.model.Slave;
import hudson.model.TaskListener;

/** Signature of {@code hudson.slaves.SlaveComputer}: the members that the plugin uses. */
public class SlaveComputer extends Computer {
    public SlaveComputer(Slave slave) {
        super(null);
        throw new UnsupportedOperationException();
    }

    public boolean isAcceptingTasks() {
        throw new UnsupportedOperationException();
    }

    public String getJnlpMac() {
        throw new UnsupportedOperationException();
    }

    public void setAcceptingTasks(boolean acceptingTasks) {
        throw new UnsupportedOperationException();
    }

    public Slave getNode() {
        throw new UnsupportedOperationException();
    }

    public TaskListener getListener() {
        throw new UnsupportedOperationException();
    }

    public ComputerLauncher getLauncher() {
        throw new UnsupportedOperationException();
    }

    public boolean isConnecting() {
        throw new UnsupportedOperationException();
    }

    public void tryReconnect() {
        throw new UnsupportedOperationException();
    }
}
