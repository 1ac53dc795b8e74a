package hudson.model;

import hudson.ExtensionPoint;
import java.util.Collection;

/** Signature of {@code hudson.model.TransientComputerActionFactory}: the members that the plugin uses. */
public abstract class TransientComputerActionFactory implements ExtensionPoint {
    public abstract Collection<? extends Action> createFor(Computer target);
}
