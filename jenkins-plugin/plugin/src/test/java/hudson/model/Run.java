package hudson.model;

import hudson.ExtensionPoint;
import hudson.security.AccessControlled;
import hudson.security.Permission;
import java.util.List;

/** Simulated. */
public abstract class Run<JobT extends Job<JobT, RunT>, RunT extends Run<JobT, RunT>> extends Actionable
        implements ExtensionPoint, Comparable<RunT>, AccessControlled {
    public List<Cause> getCauses() {
        return List.of();
    }

    public abstract JobT getParent();

    public abstract String getFullDisplayName();

    public abstract int getNumber();

    @Override
    public int compareTo(RunT other) {
        return Integer.compare(getNumber(), other.getNumber());
    }

    @Override
    public void checkPermission(Permission permission) {}

    @Override
    public boolean hasPermission(Permission permission) {
        return true;
    }
}
