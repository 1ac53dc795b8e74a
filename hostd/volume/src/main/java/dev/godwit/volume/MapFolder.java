package dev.godwit.volume;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The folder that a map lies in, opened before a rename in it, so that afterwards only the medium can fail. */
interface MapFolder extends AutoCloseable {
    /** How a folder is opened. */
    interface Opening {
        MapFolder open(Path folder) throws IOException;
    }

    /** Brings the names in it to the medium. */
    void sync() throws IOException;

    @Override
    void close() throws IOException;

    static MapFolder open(Path folder) throws IOException {
        FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ);
        return new MapFolder() {
            @Override
            public void sync() throws IOException {
                channel.force(true);
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }
}
