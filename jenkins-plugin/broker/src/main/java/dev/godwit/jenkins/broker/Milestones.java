package dev.godwit.jenkins.broker;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** When an agent's first start came how far. Thread-safe. */
final class Milestones {
    private final Instant reserved;
    private @Nullable Instant requested;
    private @Nullable Instant running;
    private @Nullable Instant started;
    private boolean told;

    Milestones(Instant reserved) {
        this.reserved = reserved;
    }

    synchronized void requested(Instant at) {
        requested = requested == null ? at : requested;
    }

    synchronized void running(Instant at) {
        running = running == null ? at : running;
    }

    synchronized void started(Instant at) {
        started = started == null ? at : started;
    }

    /** The whole way, the first time; empty where a part of it was not seen. */
    synchronized Optional<ProvisioningTimes.Sample> connected(Instant at) {
        if (told || requested == null || running == null || started == null) {
            return Optional.empty();
        }
        told = true;
        return Optional.of(new ProvisioningTimes.Sample(
                Duration.between(reserved, requested),
                Duration.between(requested, running),
                Duration.between(running, started),
                Duration.between(started, at)));
    }
}
