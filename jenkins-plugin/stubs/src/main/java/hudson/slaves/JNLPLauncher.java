package hudson.slaves;

import hudson.model.TaskListener;

/** Signature of {@code hudson.slaves.JNLPLauncher}: the members that the plugin uses. */
public class JNLPLauncher extends ComputerLauncher {
    public JNLPLauncher() {
        super();
        throw new UnsupportedOperationException();
    }

    public boolean isLaunchSupported() {
        throw new UnsupportedOperationException();
    }

    public void setWebSocket(boolean webSocket) {
        throw new UnsupportedOperationException();
    }

    public void launch(SlaveComputer computer, TaskListener listener) {
        throw new UnsupportedOperationException();
    }
}
