package hudson.model;

import hudson.model.labels.LabelAtom;
import hudson.slaves.NodeProvisioner;
import java.util.Collection;
import java.util.Set;

/** Signature of {@code hudson.model.Label}: the members that the plugin uses. */
public abstract class Label extends Actionable implements Comparable<Label> {
    public final NodeProvisioner nodeProvisioner;

    protected Label(String name) {
        super();
        throw new UnsupportedOperationException();
    }

    public final String getName() {
        throw new UnsupportedOperationException();
    }

    public abstract String getExpression();

    public final boolean matches(Collection<LabelAtom> labels) {
        throw new UnsupportedOperationException();
    }

    public final int compareTo(Label that) {
        throw new UnsupportedOperationException();
    }

    public static Set<LabelAtom> parse(String labels) {
        throw new UnsupportedOperationException();
    }
}
