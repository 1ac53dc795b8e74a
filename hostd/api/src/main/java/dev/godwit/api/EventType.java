package dev.godwit.api;

import java.util.Locale;

/** What an event tells. */
public enum EventType {
    CREATING,
    RUNNING,
    /** A move came into a state; {@code state} names it. */
    MOVING,
    MOVED,
    LOST,
    /** Started from a recovery point elsewhere: time went back. */
    RECOVERED,
    /** The source of a move may be shut down. */
    RELEASED,
    REFUSED,
    PAUSED;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
