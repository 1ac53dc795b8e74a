package hudson.model;

import java.io.Serializable;

/** Signature of {@code hudson.model.LoadStatistics}: the members that the plugin uses. */
public abstract class LoadStatistics {
    /** Signature of the nested type. */
    public static class LoadStatisticsSnapshot implements Serializable {
        public int getConnectingExecutors() {
            throw new UnsupportedOperationException();
        }

        public int getAvailableExecutors() {
            throw new UnsupportedOperationException();
        }

        public int getQueueLength() {
            throw new UnsupportedOperationException();
        }
    }
}
