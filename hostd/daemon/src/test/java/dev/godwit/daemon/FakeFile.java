package dev.godwit.daemon;

import java.io.ByteArrayInputStream;
import java.io.IOException;

/** Files as a guest gives them. */
final class FakeFile {
    private FakeFile() {}

    static GuestFile whole(byte[] content) {
        return new GuestFile(new ByteArrayInputStream(content), content.length);
    }

    /** The guest's channel ends in the middle; a path that ends in "sized" is told with its size. */
    static GuestFile breakingOff(String path, byte[] content) throws IOException {
        long sizeBytes = path.endsWith("sized") ? content.length : GuestFile.UNKNOWN;
        return new GuestFile(
                GuestFileCopy.begin(path, sizeBytes, into -> {
                    into.write(content, 0, content.length / 2);
                    throw new IOException("the channel is closed");
                }),
                sizeBytes);
    }
}
