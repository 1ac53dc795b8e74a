package dev.godwit.volume;

import java.io.IOException;

/** A folder that refuses when told to, below a map that is rewritten at every flush. */
final class FailingFolder {
    static final IOException REFUSED = new IOException("the test's medium refuses");

    boolean openFails;
    boolean syncFails;

    JournalRewrite rewriteAtEachFlush() {
        return new JournalRewrite(0, 0, folder -> {
            if (openFails) {
                throw REFUSED;
            }
            MapFolder real = MapFolder.open(folder);
            return new MapFolder() {
                @Override
                public void sync() throws IOException {
                    if (syncFails) {
                        throw REFUSED;
                    }
                    real.sync();
                }

                @Override
                public void close() throws IOException {
                    real.close();
                }
            };
        });
    }
}
