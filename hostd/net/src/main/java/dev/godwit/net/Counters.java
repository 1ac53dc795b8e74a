package dev.godwit.net;

import java.io.IOException;
import java.util.Map;

/** What the programs have counted since the maps were made. Thread-safe. */
public final class Counters {
    /** What was dropped, by reason; every reason is there. */
    public Map<DropReason, Traffic> dropped(Direction direction) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** What was passed on, by way; every way is there. */
    public Map<Way, Traffic> passed() throws IOException {
        throw new UnsupportedOperationException();
    }
}
