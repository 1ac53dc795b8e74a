package hudson.model;

import hudson.ExtensionPoint;

/** Signature of {@code hudson.model.ExecutorListener}: the members that the plugin uses. */
public interface ExecutorListener extends ExtensionPoint {
    default void taskAccepted(Executor executor, Queue.Task task) {
        throw new UnsupportedOperationException();
    }

    default void taskStarted(Executor executor, Queue.Task task) {
        throw new UnsupportedOperationException();
    }

    default void taskCompleted(Executor executor, Queue.Task task, long durationMS) {
        throw new UnsupportedOperationException();
    }

    default void taskCompletedWithProblems(Executor executor, Queue.Task task, long durationMS, Throwable problems) {
        throw new UnsupportedOperationException();
    }
}
