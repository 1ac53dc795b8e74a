package dev.godwit.vmm;

import dev.godwit.volume.Pages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a VMM has mapped its guest's RAM file.
 *
 * @param address in the VMM
 * @param sizeBytes a multiple of the page size
 */
record RamMapping(long address, long sizeBytes) {
    RamMapping {
        if (address <= 0 || address % Pages.PAGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "guest RAM at 0x" + Long.toHexString(address) + " is not at a page of user space");
        }
        Pages.pageCount(sizeBytes);
    }

    /**
     * Finds the one shared mapping of a RAM file, from its beginning, in {@code /proc/PID/maps}. The file is known by
     * device and inode, so another mount namespace or a symbolic link does not matter.
     *
     * @throws IOException the process does not map the file, or not shared, or in more than one place
     */
    static RamMapping find(long pid, Path ramFile) throws IOException {
        String file = deviceAndInode(ramFile);
        RamMapping found = null;
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "maps"))) {
            // address-range permissions offset device inode path
            List<String> words = List.of(line.split(" +", 6));
            if (words.size() < 5 || !(words.get(3) + " " + words.get(4)).equals(file)) {
                continue;
            }
            found = extend(found, words, pid, ramFile);
        }
        if (found == null) {
            throw new IOException("process " + pid + " does not map the RAM file " + ramFile);
        }
        return found;
    }

    private static RamMapping extend(@Nullable RamMapping before, List<String> words, long pid, Path ramFile)
            throws IOException {
        String[] range = words.get(0).split("-", 2);
        long start = Long.parseUnsignedLong(range[0], 16);
        long length = Long.parseUnsignedLong(range[1], 16) - start;
        long offset = Long.parseUnsignedLong(words.get(2), 16);
        long expectedOffset = before == null ? 0 : before.sizeBytes;
        boolean continues = before == null || start == before.address + before.sizeBytes;
        if (words.get(1).charAt(3) != 's' || offset != expectedOffset || !continues) {
            throw new IOException("process " + pid + " maps the RAM file " + ramFile
                    + " privately, in pieces or twice (" + String.join(" ", words) + "); its writes can't be tracked");
        }
        return new RamMapping(before == null ? start : before.address, expectedOffset + length);
    }

    private static String deviceAndInode(Path file) throws IOException {
        long device = (long) Files.getAttribute(file, "unix:dev");
        long inode = (long) Files.getAttribute(file, "unix:ino");
        // The kernel's encoding of dev_t (linux/kdev_t.h) as the C library hands it out.
        long major = ((device >>> 8) & 0xfff) | ((device >>> 32) & ~0xfffL);
        long minor = (device & 0xff) | ((device >>> 12) & ~0xffL & 0xffffffffL);
        return String.format("%02x:%02x %d", major, minor, inode);
    }
}
