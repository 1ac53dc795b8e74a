package dev.godwit.lab.warm;

import java.io.IOException;

/** A saved state is damaged or belongs to another VMM: it is thrown away and made anew. */
final class SavedStateUnfit extends IOException {
    private static final long serialVersionUID = 1;

    SavedStateUnfit(String why) {
        super(why);
    }

    SavedStateUnfit(String why, Throwable cause) {
        super(why, cause);
    }
}
