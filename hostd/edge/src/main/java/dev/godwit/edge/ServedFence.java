package dev.godwit.edge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Under which fence this kernel's connections were complete last: a file that outlives the program, but not the machine's
 * run, as the connections do. Used by one thread.
 */
final class ServedFence {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Path file;

    ServedFence(Path file) {
        this.file = file;
    }

    /** 0: under none in this run of the machine. */
    long read() throws IOException {
        try {
            String[] fields = Files.readString(file).strip().split(" ");
            return fields.length == 2 && fields[0].equals(run()) ? Long.parseLong(fields[1]) : 0;
        } catch (NoSuchFileException none) {
            return 0;
        } catch (NumberFormatException e) {
            throw new IOException(file + " does not hold a fence; remove it: the connections are loaded then", e);
        }
    }

    void write(long fence) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, run() + " " + fence);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String run() throws IOException {
        return Files.readString(BOOT_ID).strip();
    }
}
