package org.jenkinsci.plugins.durabletask.executors;

import hudson.model.Queue;

/** Signature of {@code org.jenkinsci.plugins.durabletask.executors.ContinuableExecutable}: the members that the plugin uses. */
public interface ContinuableExecutable extends Queue.Executable {
    boolean willContinue();
}
