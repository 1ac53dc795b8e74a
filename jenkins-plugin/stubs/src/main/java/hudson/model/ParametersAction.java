package hudson.model;

import hudson.model.Queue.QueueAction;
import java.util.List;

/** Signature of {@code hudson.model.ParametersAction}: the members that the plugin uses. */
public class ParametersAction implements Action, QueueAction {
    public String getDisplayName() {
        throw new UnsupportedOperationException();
    }

    public String getIconFileName() {
        throw new UnsupportedOperationException();
    }

    public String getUrlName() {
        throw new UnsupportedOperationException();
    }

    public boolean shouldSchedule(List<Action> actions) {
        throw new UnsupportedOperationException();
    }
}
