package dev.godwit.vmm.qemu;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Refuses devices that write guest RAM past the VMM's page tables. Tracking would lose those writes without a word: direct
 * I/O of 64 MiB into tracked RAM lost 16,384 of 16,384 pages.
 */
final class TrackableDevices {
    /** Block drivers that copy through the page tables, and the filters over them. */
    private static final Set<String> BLOCK_DRIVERS = Set.of("nbd", "raw", "throttle");
    /** Options that make a block device from a file without naming a driver. */
    private static final Set<String> FILE_OPTIONS = Set.of(
            "-drive",
            "-hda",
            "-hdb",
            "-hdc",
            "-hdd",
            "-cdrom",
            "-fda",
            "-fdb",
            "-mtdblock",
            "-sd",
            "-pflash",
            "-virtfs",
            "-fsdev");
    /** Other processes, the kernel or hardware with a hand in guest RAM. */
    private static final Pattern FOREIGN_WRITER = Pattern.compile("vhost|vfio|ivshmem|io_uring|virtiofs|x-remote");

    private static final ObjectMapper JSON = new ObjectMapper();

    private TrackableDevices() {}

    /**
     * Checks a whole command line.
     *
     * @throws IllegalArgumentException it has a device that can't be tracked; the message names it
     */
    static void check(List<String> words) {
        for (int i = 1; i < words.size(); i++) {
            String option = words.get(i - 1).replaceFirst("^--", "-");
            String value = words.get(i);
            if (FILE_OPTIONS.contains(option)) {
                throw refused(option + " " + value, "it opens a file as a disk");
            }
            switch (option) {
                case "-blockdev" -> checkBlock(value);
                case "-device", "-netdev", "-chardev", "-object" -> checkDevice(option, value);
                default -> {}
            }
        }
    }

    private static void checkDevice(String option, String value) {
        String described = value.replace("vhost=off", "");
        // A path may hold any word; what a device is stands before it.
        int path = described.indexOf("path=");
        if (FOREIGN_WRITER
                .matcher(path < 0 ? described : described.substring(0, path))
                .find()) {
            throw refused(option + " " + value, "another process, the kernel or hardware writes guest memory for it");
        }
        if (option.equals("-object") && value.startsWith("memory-backend-") && !isSharedFile(value)) {
            throw refused(option + " " + value, "only memory-backend-file with share=on can be handed over");
        }
    }

    private static boolean isSharedFile(String value) {
        return value.startsWith("memory-backend-file,")
                && List.of(value.split(",", -1)).contains("share=on");
    }

    private static void checkBlock(String value) {
        JsonNode tree;
        try {
            tree = JSON.readTree(value);
        } catch (JacksonException notJson) {
            throw new IllegalArgumentException("-blockdev " + value + " is not JSON, so it can't be checked", notJson);
        }
        checkNode(value, tree);
    }

    private static void checkNode(String value, JsonNode node) {
        String driver = node.path("driver").asText();
        if (!BLOCK_DRIVERS.contains(driver)) {
            throw refused(
                    "-blockdev " + value,
                    "driver '" + driver + "' is not one of " + BLOCK_DRIVERS + "; disks go by an NBD socket");
        }
        if (node.has("aio")) {
            throw refused("-blockdev " + value, "aio " + node.path("aio").asText() + " writes guest memory by DMA");
        }
        JsonNode below = node.path("file");
        if (below.isObject()) {
            checkNode(value, below);
        } else if (!driver.equals("nbd") && !below.isTextual()) {
            throw refused("-blockdev " + value, "driver '" + driver + "' stands on nothing");
        }
    }

    private static IllegalArgumentException refused(String what, String why) {
        return new IllegalArgumentException("QEMU's memory could not be tracked with " + what + ": " + why);
    }
}
