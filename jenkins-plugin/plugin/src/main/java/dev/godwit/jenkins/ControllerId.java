package dev.godwit.jenkins;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import jenkins.model.Jenkins;

/**
 * This controller's random UUID, the owner of its VMs. It lies in a file of its own in {@code JENKINS_HOME}: a controller that
 * starts from a copy of another's home must get another one, or each would reap the other's VMs.
 */
final class ControllerId {
    static final String FILE = "godwit-controller-id";

    private ControllerId() {}

    /**
     * The UUID; made at its first use.
     *
     * @throws IOException it can be neither read nor written, or the file holds something else
     */
    static String get() throws IOException {
        return in(Jenkins.get().getRootDir().toPath());
    }

    static synchronized String in(Path home) throws IOException {
        Path file = home.resolve(FILE);
        if (!Files.exists(file)) {
            try {
                Files.writeString(
                        file, UUID.randomUUID() + "\n", StandardOpenOption.CREATE_NEW, StandardOpenOption.SYNC);
            } catch (FileAlreadyExistsException e) {
                return read(file);
            }
        }
        return read(file);
    }

    private static String read(Path file) throws IOException {
        String text = Files.readString(file).strip();
        try {
            return UUID.fromString(text).toString();
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    file + " does not hold a UUID; delete it if no VM of this controller runs, and a new one is made",
                    e);
        }
    }
}
