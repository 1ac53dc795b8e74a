package dev.godwit.volume;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The right of one process to a disk's folder; the kernel ends it with the process. */
final class VolumeLock implements AutoCloseable {
    private final FileChannel channel;

    private VolumeLock(FileChannel channel) {
        this.channel = channel;
    }

    static VolumeLock take(Path folder) throws IOException {
        Path file = folder.resolve("overlay.lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                throw new VolumeRefused(folder, "another process has this disk open; end it first");
            }
            return new VolumeLock(channel);
        } catch (OverlappingFileLockException open) {
            channel.close();
            VolumeRefused refused = new VolumeRefused(folder, "this disk is open already");
            refused.initCause(open);
            throw refused;
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
