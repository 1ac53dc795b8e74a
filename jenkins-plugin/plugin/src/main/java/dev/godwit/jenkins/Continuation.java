package dev.godwit.jenkins;

import hudson.ExtensionList;
import hudson.ExtensionPoint;
import hudson.model.Queue;

/** Knows whether a task's executor will be taken up again by the same build. One implementation for each kind of task. */
public abstract class Continuation implements ExtensionPoint {
    /** Whether the build goes on with another task on the same node. */
    protected abstract boolean continues(Queue.Executable executable);

    static boolean expected(Queue.Executable executable) {
        return ExtensionList.lookup(Continuation.class).stream().anyMatch(each -> each.continues(executable));
    }
}
