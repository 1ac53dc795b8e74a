package dev.godwit.jenkins.broker;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs what recurs when the test says so, on the test's thread. */
public final class ManualScheduler implements Scheduler {
    private final List<Runnable> works = new ArrayList<>();

    @Override
    public synchronized void every(Duration period, Runnable work) {
        works.add(work);
    }

    /** All of it, once. */
    public void run() {
        List<Runnable> all;
        synchronized (this) {
            all = List.copyOf(works);
        }
        all.forEach(Runnable::run);
    }

    @Override
    public synchronized void close() {
        works.clear();
    }
}
