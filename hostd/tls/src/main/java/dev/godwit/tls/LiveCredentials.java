package dev.godwit.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.function.Supplier;

/** Credentials that follow their files: a renewed certificate is used by the next connection. Thread-safe. */
public final class LiveCredentials implements Supplier<Credentials> {
    private final TlsFiles files;
    private volatile Credentials current;
    private List<FileTime> seen;

    private LiveCredentials(TlsFiles files, Credentials current, List<FileTime> seen) {
        this.files = files;
        this.current = current;
        this.seen = seen;
    }

    /**
     * Reads the files once.
     *
     * @throws TlsUnusable they can't be used
     */
    public static LiveCredentials open(TlsFiles files) throws TlsUnusable {
        List<FileTime> seen = times(files);
        return new LiveCredentials(files, Credentials.load(files), seen);
    }

    @Override
    public Credentials get() {
        return current;
    }

    public TlsFiles files() {
        return files;
    }

    /**
     * Reads the files again if one has changed; a pair that does not belong together yet (one of the two was just written)
     * leaves the old ones in use and is looked at again the next time.
     *
     * @return whether others are in use now
     * @throws TlsUnusable the changed files can't be used; the old ones stay
     */
    public synchronized boolean refresh() throws TlsUnusable {
        List<FileTime> now = times(files);
        if (now.equals(seen)) {
            return false;
        }
        Credentials fresh = Credentials.load(files);
        if (!fresh.identity().equals(current.identity())) {
            throw new TlsUnusable(files.certificate() + " is now of " + fresh.identity() + ", and this process is "
                    + current.identity() + "; it goes on with the old one. Restart it to make it another");
        }
        current = fresh;
        seen = now;
        return true;
    }

    private static List<FileTime> times(TlsFiles files) throws TlsUnusable {
        return List.of(time(files.certificate()), time(files.key()), time(files.authority()));
    }

    private static FileTime time(Path file) throws TlsUnusable {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            throw new TlsUnusable(file + " can't be read: " + e + "; 'godwit pki issue' makes it", e);
        }
    }
}
