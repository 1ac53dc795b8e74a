package dev.godwit.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * One file that an image's manifest names.
 *
 * @param name in the image's directory
 * @param sha256 64 hex digits
 * @param sizeBytes its length
 */
record ImageFile(String name, String sha256, long sizeBytes) {
    /** The largest file an image may have: a bound on what a peer can make this host write. */
    private static final long SIZE_BYTES_MAX = 1L << 40;

    ImageFile {
        if (!name.matches("[a-z0-9][a-z0-9.-]{0,63}")) {
            throw new IllegalArgumentException(
                    "file name \"" + name + "\" in an image manifest is not a plain file name");
        }
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("SHA-256 \"" + sha256 + "\" of " + name + " is not 64 hex digits");
        }
        if (sizeBytes <= 0 || sizeBytes > SIZE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "size " + sizeBytes + " of " + name + " is not between 1 and " + SIZE_BYTES_MAX + " bytes");
        }
    }

    /** The disk, the kernel and the initramfs, in that order. */
    static List<ImageFile> of(JsonNode manifest) throws IOException {
        List<ImageFile> files = new ArrayList<>();
        for (String[] entry : new String[][] {{"disk", "disk.raw"}, {"kernel", "vmlinuz"}, {"initrd", "initrd.img"}}) {
            JsonNode file = manifest.path(entry[0]);
            try {
                files.add(new ImageFile(
                        entry[1],
                        file.path("sha256").asText(),
                        file.path("sizeBytes").asLong()));
            } catch (IllegalArgumentException e) {
                throw new IOException("the image manifest is not one of ours: " + e.getMessage(), e);
            }
        }
        return files;
    }
}
