package hudson.model;

import hudson.model.Descriptor.FormException;
import hudson.slaves.ComputerLauncher;
import hudson.slaves.NodeDescriptor;
import hudson.slaves.NodeProperty;
import hudson.slaves.NodePropertyDescriptor;
import hudson.slaves.RetentionStrategy;
import hudson.slaves.SlaveComputer;
import hudson.util.DescribableList;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;

/** Signature of {@code hudson.model.Slave}: the members that the plugin uses. */
public abstract class Slave extends Node implements Serializable {
    protected Slave(String name, String remoteFS, ComputerLauncher launcher) throws FormException, IOException {
        throw new UnsupportedOperationException();
    }

    public ComputerLauncher getLauncher() {
        throw new UnsupportedOperationException();
    }

    public void save() throws IOException {
        throw new UnsupportedOperationException();
    }

    public String getRemoteFS() {
        throw new UnsupportedOperationException();
    }

    public String getNodeName() {
        throw new UnsupportedOperationException();
    }

    public void setNodeDescription(String value) {
        throw new UnsupportedOperationException();
    }

    public int getNumExecutors() {
        throw new UnsupportedOperationException();
    }

    public void setNumExecutors(int n) {
        throw new UnsupportedOperationException();
    }

    public void setMode(Mode mode) {
        throw new UnsupportedOperationException();
    }

    public DescribableList<NodeProperty<?>, NodePropertyDescriptor> getNodeProperties() {
        throw new UnsupportedOperationException();
    }

    public void setNodeProperties(List<? extends NodeProperty<?>> properties) throws IOException {
        throw new UnsupportedOperationException();
    }

    public RetentionStrategy getRetentionStrategy() {
        throw new UnsupportedOperationException();
    }

    public void setRetentionStrategy(RetentionStrategy availabilityStrategy) {
        throw new UnsupportedOperationException();
    }

    public String getLabelString() {
        throw new UnsupportedOperationException();
    }

    public void setLabelString(String labelString) throws IOException {
        throw new UnsupportedOperationException();
    }

    public Computer createComputer() {
        throw new UnsupportedOperationException();
    }

    public SlaveComputer getComputer() {
        throw new UnsupportedOperationException();
    }

    protected Object readResolve() {
        throw new UnsupportedOperationException();
    }

    /** Signature of the nested type. */
    public abstract static class SlaveDescriptor extends NodeDescriptor {}
}
