package hudson.model;

import hudson.model.Descriptor.FormException;
import hudson.slaves.ComputerLauncher;
import hudson.slaves.NodeDescriptor;
import hudson.slaves.NodeProperty;
import hudson.slaves.NodePropertyDescriptor;
import hudson.slaves.RetentionStrategy;
import hudson.util.DescribableList;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;

/** Simulated. */
public abstract class Slave extends Node implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final String remoteFs;
    private final ComputerLauncher launcher;
    private int executors = 1;
    private String labels = "";
    private RetentionStrategy<?> retention;

    protected Slave(String name, String remoteFS, ComputerLauncher launcher) throws FormException, IOException {
        this.name = name;
        this.remoteFs = remoteFS;
        this.launcher = launcher;
    }

    public ComputerLauncher getLauncher() {
        return launcher;
    }

    public String getRemoteFS() {
        return remoteFs;
    }

    @Override
    public String getNodeName() {
        return name;
    }

    public void setNodeDescription(String value) {}

    @Override
    public int getNumExecutors() {
        return executors;
    }

    public void setNumExecutors(int n) {
        executors = n;
    }

    public void setMode(Mode mode) {}

    @Override
    public DescribableList<NodeProperty<?>, NodePropertyDescriptor> getNodeProperties() {
        return new DescribableList<>();
    }

    public void setNodeProperties(List<? extends NodeProperty<?>> properties) throws IOException {}

    @SuppressWarnings("rawtypes")
    public RetentionStrategy getRetentionStrategy() {
        return retention;
    }

    @SuppressWarnings("rawtypes")
    public void setRetentionStrategy(RetentionStrategy availabilityStrategy) {
        retention = availabilityStrategy;
    }

    @Override
    public String getLabelString() {
        return labels;
    }

    public void setLabelString(String labelString) throws IOException {
        labels = labelString;
    }

    /** Simulated. */
    public abstract static class SlaveDescriptor extends NodeDescriptor {}
}
