package jenkins.model;

import hudson.model.AbstractCIBase;
import hudson.model.Computer;
import hudson.model.Describable;
import hudson.model.Descriptor;
import hudson.model.Hudson;
import hudson.model.Label;
import hudson.model.Node;
import hudson.security.AccessControlled;
import hudson.security.Permission;
import hudson.slaves.Cloud;
import hudson.slaves.NodeProperty;
import hudson.slaves.NodePropertyDescriptor;
import hudson.slaves.NodeProvisioner;
import hudson.util.DescribableList;
import java.io.File;
import java.io.IOException;
import java.util.List;

/** Signature of {@code jenkins.model.Jenkins}: the members that the plugin uses. */
public class Jenkins extends AbstractCIBase implements AccessControlled {
    protected Jenkins() {
        throw new UnsupportedOperationException();
    }

    public final Hudson.CloudList clouds;

    /** Signature of the nested type. */
    public static class CloudList extends DescribableList<Cloud, Descriptor<Cloud>> {}

    public final NodeProvisioner unlabeledNodeProvisioner;

    public static Jenkins get() throws IllegalStateException {
        throw new UnsupportedOperationException();
    }

    public static Jenkins getInstanceOrNull() {
        throw new UnsupportedOperationException();
    }

    public Descriptor getDescriptorOrDie(Class<? extends Describable> type) {
        throw new UnsupportedOperationException();
    }

    public <T extends Descriptor> T getDescriptorByType(Class<T> type) {
        throw new UnsupportedOperationException();
    }

    public Computer[] getComputers() {
        throw new UnsupportedOperationException();
    }

    public Computer getComputer(String name) {
        throw new UnsupportedOperationException();
    }

    public Label getLabel(String expr) {
        throw new UnsupportedOperationException();
    }

    public Node getNode(String name) {
        throw new UnsupportedOperationException();
    }

    public Cloud getCloud(String name) {
        throw new UnsupportedOperationException();
    }

    public List<Node> getNodes() {
        throw new UnsupportedOperationException();
    }

    public void addNode(Node n) throws IOException {
        throw new UnsupportedOperationException();
    }

    public void removeNode(Node n) throws IOException {
        throw new UnsupportedOperationException();
    }

    public boolean updateNode(Node n) throws IOException {
        throw new UnsupportedOperationException();
    }

    public DescribableList<NodeProperty<?>, NodePropertyDescriptor> getNodeProperties() {
        throw new UnsupportedOperationException();
    }

    public String getRootUrl() throws IllegalStateException {
        throw new UnsupportedOperationException();
    }

    public File getRootDir() {
        throw new UnsupportedOperationException();
    }

    public boolean isQuietingDown() {
        throw new UnsupportedOperationException();
    }

    public boolean isTerminating() {
        throw new UnsupportedOperationException();
    }

    public int getNumExecutors() {
        throw new UnsupportedOperationException();
    }

    public String getLabelString() {
        throw new UnsupportedOperationException();
    }

    public Computer createComputer() {
        throw new UnsupportedOperationException();
    }

    public void save() throws IOException {
        throw new UnsupportedOperationException();
    }

    public static final Permission ADMINISTER = null;

    public static final Permission MANAGE = null;

    public static final Permission SYSTEM_READ = null;
}
