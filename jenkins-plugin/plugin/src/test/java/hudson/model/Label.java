package hudson.model;

import dev.godwit.jenkins.sim.Simulator;
import hudson.model.labels.LabelAtom;
import hudson.slaves.NodeProvisioner;
import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;

/** Simulated: one word, no expressions. */
public abstract class Label extends Actionable implements Comparable<Label> {
    protected final String name;
    public final NodeProvisioner nodeProvisioner;

    protected Label(String name) {
        this.name = name;
        this.nodeProvisioner = new NodeProvisioner(this);
    }

    public final String getName() {
        return name;
    }

    public abstract String getExpression();

    public final boolean matches(Collection<LabelAtom> labels) {
        return labels.stream().anyMatch(each -> each.getName().equals(name));
    }

    @Override
    public final int compareTo(Label that) {
        return name.compareTo(that.name);
    }

    public static Set<LabelAtom> parse(String labels) {
        return Arrays.stream(labels.strip().split("\\s+"))
                .filter(word -> !word.isEmpty())
                .map(word -> Simulator.current().label(word))
                .collect(Collectors.toSet());
    }
}
