package dev.godwit.api;

import java.util.Locale;

/** Seen from the VM. */
public enum TrafficDirection {
    /** From the VM. */
    OUT,
    /** To the VM. */
    IN;

    /** As it stands in JSON: lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
