package dev.godwit.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;

/**
 * A folder that a VMM's user filled, to be removed with root's rights: however many files it has, however deep they lie
 * and wherever its links point. Each name is taken relative to a folder that is open, no link is followed, and what lies
 * deep is lifted to the top, so that neither memory nor descriptors grow with what is there.
 */
public final class ForeignFolder {
    /** A pass over the top lifts every folder there by one level; deeper than this no file system lets a user go. */
    private static final int PASSES_MAX = 1 << 20;

    private final Path path;
    private long lifted;

    private ForeignFolder(Path path) {
        this.path = path;
    }

    /**
     * Removes a folder with all that is in it; none there is none to remove. The folder above must be root's.
     *
     * @throws IOException it is no folder, or somebody still writes to it
     */
    public static void remove(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(path + " is no folder; remove it by hand");
        }
        ForeignFolder folder = new ForeignFolder(path);
        int passes = 0;
        while (folder.pass()) {
            if (++passes > PASSES_MAX) {
                throw new IOException(path + " can't be emptied: files keep coming; end what runs as its user");
            }
        }
        Files.delete(path);
    }

    /** Removes what is at the top, with folders' own files; false when there was nothing. */
    private boolean pass() throws IOException {
        boolean found = false;
        try (SecureDirectoryStream<Path> top = secure(Files.newDirectoryStream(path))) {
            for (Path entry : top) {
                found = true;
                Path name = entry.getFileName();
                if (isFolder(top, name)) {
                    empty(top, name);
                    top.deleteDirectory(name);
                } else {
                    top.deleteFile(name);
                }
            }
        }
        return found;
    }

    private void empty(SecureDirectoryStream<Path> top, Path name) throws IOException {
        try (SecureDirectoryStream<Path> inner = top.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
            for (Path entry : inner) {
                Path file = entry.getFileName();
                if (isFolder(inner, file)) {
                    // A name that is taken is a folder of an earlier pass, or the VMM's: the next number is free.
                    while (Files.exists(path.resolve(liftedName()), LinkOption.NOFOLLOW_LINKS)) {
                        lifted++;
                    }
                    inner.move(file, top, Path.of(liftedName()));
                } else {
                    inner.deleteFile(file);
                }
            }
        }
    }

    private String liftedName() {
        return ".lifted-" + lifted;
    }

    private static boolean isFolder(SecureDirectoryStream<Path> in, Path name) throws IOException {
        return in.getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                .readAttributes()
                .isDirectory();
    }

    private static SecureDirectoryStream<Path> secure(java.nio.file.DirectoryStream<Path> stream) throws IOException {
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        stream.close();
        throw new IOException("this JVM can't remove a folder safely: it has no SecureDirectoryStream");
    }
}
