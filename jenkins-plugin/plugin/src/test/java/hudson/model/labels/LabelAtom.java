package hudson.model.labels;

import hudson.model.Label;

/** Simulated. */
public class LabelAtom extends Label {
    public LabelAtom(String name) {
        super(name);
    }

    @Override
    public String getExpression() {
        return name;
    }
}
