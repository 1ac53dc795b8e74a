package dev.godwit.daemon;

import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Tells of connections that were refused: a stranger can make any number, so only some are told. Thread-safe. */
final class Refusals {
    private static final int TOLD_MAX = 10;
    private static final Duration WINDOW = Duration.ofSeconds(10);

    private final Logger log;
    private long windowSince = System.nanoTime();
    private int inWindow;

    Refusals(Logger log) {
        this.log = log;
    }

    void note(@Nullable InetSocketAddress from, @Nullable String why) {
        int untold;
        boolean tell;
        synchronized (this) {
            untold = 0;
            if (System.nanoTime() - windowSince > WINDOW.toNanos()) {
                untold = Math.max(0, inWindow - TOLD_MAX);
                windowSince = System.nanoTime();
                inWindow = 0;
            }
            tell = ++inWindow <= TOLD_MAX;
        }
        if (untold > 0) {
            log.info("{} more connections were refused before", untold);
        }
        if (tell) {
            log.info("a connection from {} was refused: {}", from, why);
        }
    }

    /** What the last cause says: the library wraps a refusal of ours. */
    static String reason(Throwable failure) {
        Throwable root = failure;
        for (int i = 0; root.getCause() != null && i < 20; i++) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
