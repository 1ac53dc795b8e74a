package dev.godwit.jenkins.broker;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands until a test lets time pass. */
public final class ManualClock implements InstantSource {
    private Instant now = Instant.parse("2026-11-30T12:00:00Z");

    @Override
    public synchronized Instant instant() {
        return now;
    }

    public synchronized void pass(Duration time) {
        now = now.plus(time);
    }
}
