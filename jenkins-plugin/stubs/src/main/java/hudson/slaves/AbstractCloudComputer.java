package hudson.slaves;

/** Signature of {@code hudson.slaves.AbstractCloudComputer}: the members that the plugin uses. */
public class AbstractCloudComputer<T extends AbstractCloudSlave> extends SlaveComputer {
    public AbstractCloudComputer(T slave) {
        super(null);
        throw new UnsupportedOperationException();
    }

    public T getNode() {
        throw new UnsupportedOperationException();
    }
}
