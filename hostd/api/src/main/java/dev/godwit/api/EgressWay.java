package dev.godwit.api;

import java.util.Locale;

/** Who sends a VM's packets to the world outside the fleet. */
public enum EgressWay {
    /** The edge, under its public address: connections survive moves. */
    ANCHORED,
    /** The VM's host, under its own address: cheap, and a move may reset connections. */
    LOCAL;

    /** As it stands in JSON: lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
