package dev.godwit.daemon;

import dev.godwit.api.Flow;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The newest flow events of one VM, for any number of readers. Thread-safe. */
final class FlowRing {
    /** About 200 bytes each: a thousand VMs keep 50 MB. */
    static final int KEPT_MAX = 256;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Flow> kept = new ArrayDeque<>();
    private long first;
    private boolean ended;

    void add(Flow flow) {
        lock.lock();
        try {
            kept.addLast(flow);
            if (kept.size() > KEPT_MAX) {
                kept.removeFirst();
                first++;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From the oldest that is kept. */
    FlowReader reader() {
        lock.lock();
        try {
            return new Reader(first);
        } finally {
            lock.unlock();
        }
    }

    private final class Reader implements FlowReader {
        private long at;

        Reader(long at) {
            this.at = at;
        }

        @Override
        public Flows next(Duration atMost) throws InterruptedException {
            lock.lockInterruptibly();
            try {
                long left = atMost.toNanos();
                while (at == first + kept.size() && !ended && left > 0) {
                    left = changed.awaitNanos(left);
                }
                boolean gap = at < first;
                List<Flow> flows = new ArrayList<>(kept).subList((int) (Math.max(at, first) - first), kept.size());
                at = first + kept.size();
                return new Flows(List.copyOf(flows), gap, ended);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {}
    }
}
