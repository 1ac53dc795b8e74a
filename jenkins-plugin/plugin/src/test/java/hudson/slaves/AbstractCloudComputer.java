package hudson.slaves;

import jenkins.model.Jenkins;

/** Simulated. */
public class AbstractCloudComputer<T extends AbstractCloudSlave> extends SlaveComputer {
    private final T node;

    public AbstractCloudComputer(T slave) {
        super(slave);
        node = slave;
    }

    /** Null once it is removed. */
    @Override
    public T getNode() {
        return Jenkins.get().getNode(node.getNodeName()) == node ? node : null;
    }
}
