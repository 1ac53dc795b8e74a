package hudson.model.labels;

import hudson.model.Label;

/** Signature of {@code hudson.model.labels.LabelAtom}: the members that the plugin uses. */
public class LabelAtom extends Label {
    public LabelAtom(String name) {
        super(null);
        throw new UnsupportedOperationException();
    }

    public String getExpression() {
        throw new UnsupportedOperationException();
    }
}
