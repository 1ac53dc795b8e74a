package jenkins.model;

import dev.godwit.jenkins.sim.Simulator;
import hudson.model.AbstractCIBase;
import hudson.model.Computer;
import hudson.model.Descriptor;
import hudson.model.Hudson;
import hudson.model.Node;
import hudson.model.Slave;
import hudson.security.AccessControlled;
import hudson.security.Permission;
import hudson.slaves.Cloud;
import hudson.slaves.NodeProperty;
import hudson.slaves.NodePropertyDescriptor;
import hudson.slaves.NodeProvisioner;
import hudson.util.DescribableList;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Simulated. */
public class Jenkins extends AbstractCIBase implements AccessControlled {
    public static final Permission ADMINISTER = null;

    private static Jenkins jenkins = new Jenkins();

    public final Hudson.CloudList clouds = new Hudson.CloudList();
    public final NodeProvisioner unlabeledNodeProvisioner = new NodeProvisioner(null);
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final Map<Node, Computer> computers = new LinkedHashMap<>();
    private boolean quieting;

    protected Jenkins() {}

    public static Jenkins get() {
        return jenkins;
    }

    public static void restart() {
        jenkins = new Jenkins();
    }

    /** As core's: the same node again changes nothing. */
    @SuppressWarnings("unchecked")
    public void addNode(Node node) throws IOException {
        if (nodes.put(node.getNodeName(), node) == node) {
            return;
        }
        Computer computer = node.newComputer();
        computers.put(node, computer);
        ((Slave) node).getRetentionStrategy().start(computer);
    }

    public void removeNode(Node node) throws IOException {
        nodes.remove(node.getNodeName(), node);
        computers.remove(node);
    }

    public boolean updateNode(Node node) throws IOException {
        return nodes.containsValue(node);
    }

    public Computer computer(Node node) {
        return computers.get(node);
    }

    public Node getNode(String name) {
        return nodes.get(name);
    }

    public List<Node> getNodes() {
        return new ArrayList<>(nodes.values());
    }

    /** What Jenkins asks retention strategies each minute. */
    public void checkNodes() {
        List.copyOf(computers.values()).forEach(Computer::check);
    }

    public String getRootUrl() {
        return "http://controller.example:8080/";
    }

    public File getRootDir() {
        return Simulator.current().home.toFile();
    }

    public boolean isQuietingDown() {
        return quieting;
    }

    public void quietDown() {
        quieting = true;
    }

    @Override
    public void checkPermission(Permission permission) {
        if (!Simulator.current().administrator) {
            throw new SecurityException("the user is no administrator");
        }
    }

    @Override
    public boolean hasPermission(Permission permission) {
        return Simulator.current().administrator;
    }

    @Override
    public String getNodeName() {
        return "";
    }

    @Override
    public int getNumExecutors() {
        return 0;
    }

    @Override
    public String getLabelString() {
        return "";
    }

    @Override
    public DescribableList<NodeProperty<?>, NodePropertyDescriptor> getNodeProperties() {
        return new DescribableList<>();
    }

    @Override
    protected Computer createComputer() {
        throw new UnsupportedOperationException();
    }

    /** As in core. */
    public static class CloudList extends DescribableList<Cloud, Descriptor<Cloud>> {}
}
