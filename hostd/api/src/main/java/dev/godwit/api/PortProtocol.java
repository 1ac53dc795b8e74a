package dev.godwit.api;

import java.util.Locale;

/** What a published port speaks. */
public enum PortProtocol {
    TCP,
    UDP;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
