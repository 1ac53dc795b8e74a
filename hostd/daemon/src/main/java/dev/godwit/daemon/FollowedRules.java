package dev.godwit.daemon;

import java.io.IOException;
import java.util.function.Supplier;

/**
 * The rules that one VM has. What holds is found out before the seat is locked: who is asked for it has locks of its own,
 * whose holders may wait for a seat. One follower at a time, so that older rules never come last. Thread-safe.
 */
final class FollowedRules {
    private final Object seat;
    private VmRules.Rules rules;

    /** Makes rules true for the VM; called with the seat locked. */
    interface Port {
        void have(VmRules.Rules rules) throws IOException;
    }

    /** @param rules that the port was made with */
    FollowedRules(Object seat, VmRules.Rules rules) {
        this.seat = seat;
        this.rules = rules;
    }

    /** Applies what holds now, if it is something else than what the VM has. */
    synchronized void follow(Supplier<VmRules.Rules> holds, Port port) throws IOException {
        VmRules.Rules now = holds.get();
        if (now.equals(rules)) {
            return;
        }
        synchronized (seat) {
            port.have(now);
        }
        rules = now;
    }
}
