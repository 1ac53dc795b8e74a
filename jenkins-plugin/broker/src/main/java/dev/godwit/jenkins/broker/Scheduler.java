package dev.godwit.jenkins.broker;

import java.time.Duration;

/** Runs what recurs. A test has one that runs it when the test says so. */
public interface Scheduler extends AutoCloseable {
    /** Runs it again and again, the first time after one period; a run that fails does not end it. */
    void every(Duration period, Runnable work);

    @Override
    void close();

    /** Real time, on threads of its own. */
    static Scheduler real() {
        return new ThreadScheduler();
    }
}
