package dev.godwit.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Where an identity lies, PEM.
 *
 * @param certificate the holder's certificate, any others of its chain behind it
 * @param key its private key, readable by its owner alone
 * @param authority the fleet's authorities
 */
public record TlsFiles(Path certificate, Path key, Path authority) {
    /** A chain and two authorities take 3 KiB. */
    private static final long BYTES_MAX = 256 * 1024;

    private static final Set<PosixFilePermission> OTHERS = PosixFilePermissions.fromString("---rwxrwx");

    /** The three files by their usual names. */
    public static TlsFiles in(Path directory) {
        return new TlsFiles(
                directory.resolve("certificate.pem"), directory.resolve("key.pem"), directory.resolve("authority.pem"));
    }

    static String read(Path file) throws TlsUnusable {
        try {
            if (Files.size(file) > BYTES_MAX) {
                throw new TlsUnusable(file + " has more than " + BYTES_MAX + " bytes; it is not what it should be");
            }
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new TlsUnusable(file + " does not exist; 'godwit pki issue' makes it", e);
        } catch (IOException e) {
            throw new TlsUnusable(file + " can't be read: " + e.getMessage(), e);
        }
    }

    /** Reads a key that only its owner can read. */
    public static String readSecret(Path file) throws TlsUnusable {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (permissions.stream().anyMatch(OTHERS::contains)) {
                throw new TlsUnusable(file + " has mode " + PosixFilePermissions.toString(permissions)
                        + ": others than its owner may read the key. Take it as known to them; make a new one with "
                        + "'godwit pki issue', or, if nobody could, 'chmod 600 " + file + "'");
            }
        } catch (NoSuchFileException e) {
            throw new TlsUnusable(file + " does not exist; 'godwit pki issue' makes it", e);
        } catch (IOException e) {
            throw new TlsUnusable("the mode of " + file + " can't be read: " + e.getMessage(), e);
        }
        return read(file);
    }

    /** Writes a file that only its owner can read, in one step; what was there is replaced. */
    public static void writeSecret(Path file, String text) throws IOException {
        write(file, text, "rw-------");
    }

    /** Writes a file that all can read, in one step; what was there is replaced. */
    public static void write(Path file, String text) throws IOException {
        write(file, text, "rw-r--r--");
    }

    private static void write(Path file, String text, String mode) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(fresh, text, StandardOpenOption.WRITE);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(mode));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
