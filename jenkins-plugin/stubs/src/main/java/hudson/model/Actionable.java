package hudson.model;

import java.util.List;

/** Signature of {@code hudson.model.Actionable}: the members that the plugin uses. */
public abstract class Actionable {
    public List<Action> getActions() {
        throw new UnsupportedOperationException();
    }

    public <T extends Action> List<T> getActions(Class<T> type) {
        throw new UnsupportedOperationException();
    }

    public void addAction(Action a) {
        throw new UnsupportedOperationException();
    }
}
