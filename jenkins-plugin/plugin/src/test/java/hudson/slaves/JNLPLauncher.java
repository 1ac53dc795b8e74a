package hudson.slaves;

import hudson.model.TaskListener;

/** Simulated. */
public class JNLPLauncher extends ComputerLauncher {
    public JNLPLauncher() {}

    @Override
    public boolean isLaunchSupported() {
        return false;
    }

    public void setWebSocket(boolean webSocket) {}

    @Override
    public void launch(SlaveComputer computer, TaskListener listener) {}
}
