package dev.godwit.cli;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import dev.godwit.tls.TlsUnusable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** The certificate that the command shows over TLS, read when the first endpoint asks for one. Thread-safe. */
final class TlsIdentity {
    private final Path directory;
    private @Nullable SSLContext context;

    TlsIdentity(Path directory) {
        this.directory = directory;
    }

    /** Where it lies when nobody says otherwise. */
    static Path usualDirectory() {
        return Path.of(System.getProperty("user.home"), ".config", "godwit");
    }

    /** An engine for one connection. */
    SSLEngine engine() throws IOException {
        return FleetTls.client(context());
    }

    private synchronized SSLContext context() throws IOException {
        SSLContext known = context;
        if (known == null) {
            try {
                Credentials own = Credentials.loadUntried(TlsFiles.in(directory));
                own.requireValid(Instant.now());
                FleetTrust trust =
                        new FleetTrust(() -> own, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
                known = FleetTls.context(() -> own, trust);
            } catch (TlsUnusable e) {
                throw new TlsUnusable(
                        e.getMessage()
                                + "; --tls-dir or GODWIT_TLS_DIR names the directory of certificate.pem, key.pem and "
                                + "authority.pem",
                        e);
            }
            context = known;
        }
        return known;
    }

    /** The other end tells by an alert that it does not take the certificate, and not why. */
    static IOException refusal(SSLException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("alert")
                ? new IOException(
                        "it does not take this certificate (" + message
                                + "): it is of another fleet, revoked, or a clock is " + "wrong; hostd's log says why",
                        e)
                : e;
    }
}
