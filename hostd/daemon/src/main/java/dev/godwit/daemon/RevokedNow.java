package dev.godwit.daemon;

import dev.godwit.tls.Identity;
import dev.godwit.tls.Revocation;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the fleet store last said is revoked; kept in a file too, for a start while the store is away. Thread-safe. */
final class RevokedNow implements Revocations {
    private static final Logger LOG = LoggerFactory.getLogger(RevokedNow.class);

    private final Path file;
    private volatile List<Revocation> list;

    private RevokedNow(Path file, List<Revocation> list) {
        this.file = file;
        this.list = list;
    }

    static RevokedNow open(Path file) throws IOException {
        List<Revocation> known = new ArrayList<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                int space = line.indexOf(' ');
                try {
                    known.add(new Revocation(
                            line.substring(0, Math.max(0, space)), Instant.parse(line.substring(space + 1))));
                } catch (IllegalArgumentException | DateTimeParseException e) {
                    LOG.warn("a line of {} is no revocation and is skipped: {}", file, line);
                }
            }
        }
        return new RevokedNow(file, List.copyOf(known));
    }

    @Override
    public boolean revoked(Identity identity, X509Certificate certificate) {
        return list.stream().anyMatch(one -> one.hits(identity, certificate));
    }

    /** What is revoked from now on; true when it is other than before. */
    boolean set(List<Revocation> now) {
        if (now.equals(list)) {
            return false;
        }
        list = List.copyOf(now);
        StringBuilder text = new StringBuilder();
        now.forEach(
                one -> text.append(one.subject()).append(' ').append(one.at()).append('\n'));
        try {
            TlsFiles.write(file, text.toString());
        } catch (IOException e) {
            LOG.warn("the revocations count, but could not be kept in {}: {}", file, e.getMessage());
        }
        return true;
    }
}
