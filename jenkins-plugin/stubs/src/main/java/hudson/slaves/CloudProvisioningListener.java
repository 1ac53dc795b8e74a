package hudson.slaves;

import hudson.ExtensionList;
import hudson.ExtensionPoint;
import hudson.model.Label;
import hudson.model.Node;
import hudson.model.queue.CauseOfBlockage;
import java.util.Collection;

/** Signature of {@code hudson.slaves.CloudProvisioningListener}: the members that the plugin uses. */
public abstract class CloudProvisioningListener implements ExtensionPoint {
    public CauseOfBlockage canProvision(Cloud cloud, Cloud.CloudState state, int numExecutors) {
        throw new UnsupportedOperationException();
    }

    public void onStarted(Cloud cloud, Label label, Collection<NodeProvisioner.PlannedNode> plannedNodes) {
        throw new UnsupportedOperationException();
    }

    public void onComplete(NodeProvisioner.PlannedNode plannedNode, Node node) {
        throw new UnsupportedOperationException();
    }

    public void onCommit(NodeProvisioner.PlannedNode plannedNode, Node node) {
        throw new UnsupportedOperationException();
    }

    public void onRollback(NodeProvisioner.PlannedNode plannedNode, Node node, Throwable t) {
        throw new UnsupportedOperationException();
    }

    public static ExtensionList<CloudProvisioningListener> all() {
        throw new UnsupportedOperationException();
    }
}
