package hudson.model;

import java.util.ArrayList;
import java.util.List;

/** Simulated. */
public abstract class Actionable {
    private final transient List<Action> actions = new ArrayList<>();

    public List<Action> getActions() {
        return actions;
    }

    public <T extends Action> List<T> getActions(Class<T> type) {
        return actions.stream().filter(type::isInstance).map(type::cast).toList();
    }

    public void addAction(Action action) {
        actions.add(action);
    }
}
