package dev.godwit.volume;

import java.io.IOException;
import java.nio.file.Path;

/** A volume's files can't be opened as what the caller expects: another base, another size, damage, or in use. */
public final class VolumeRefused extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * @param file the file that was opened
     * @param why what differs, and what to do
     */
    public VolumeRefused(Path file, String why) {
        super("open " + file + ": " + why);
    }
}
