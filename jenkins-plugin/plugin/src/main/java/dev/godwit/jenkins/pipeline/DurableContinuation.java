package dev.godwit.jenkins.pipeline;

import dev.godwit.jenkins.Continuation;
import hudson.Extension;
import hudson.model.Queue;
import org.jenkinsci.plugins.durabletask.executors.ContinuableExecutable;

/** A pipeline's task that a restart of the controller interrupted. */
@Extension(optional = true)
public class DurableContinuation extends Continuation {
    @Override
    protected boolean continues(Queue.Executable executable) {
        return executable instanceof ContinuableExecutable continuable && continuable.willContinue();
    }
}
