package dev.godwit.api;

import java.util.Locale;

/** How far an image is. */
public enum ImageState {
    /** Its digest is not known yet. */
    BUILDING,
    READY,
    /** The detail says why. */
    FAILED;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
