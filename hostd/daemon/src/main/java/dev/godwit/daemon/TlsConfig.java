package dev.godwit.daemon;

import dev.godwit.tls.TlsFiles;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * {@code tls}: this host's certificate, for all its TCP connections, both ways.
 *
 * @param certificate PEM; hostd renews it
 * @param key PEM, readable by root alone
 * @param authority PEM, the fleet's authorities
 * @param issuer directory with the key of the authority for hosts: this host renews the others' certificates and invites;
 *     default none
 */
public record TlsConfig(
        Path certificate,
        Path key,
        Path authority,
        @Nullable Path issuer) {
    public TlsConfig {
        require("certificate", certificate);
        require("key", key);
        require("authority", authority);
        if (issuer != null) {
            require("issuer", issuer);
        }
    }

    private static void require(String name, @Nullable Path path) {
        if (path == null || !path.isAbsolute()) {
            throw new IllegalArgumentException(
                    "tls " + name + " "
                            + (path == null ? "is missing" : "\"" + path + "\" is not an absolute path")
                            + "; tls needs certificate, key and authority, as 'godwit pki issue' and 'godwit host join' make them");
        }
    }

    TlsFiles files() {
        return new TlsFiles(certificate, key, authority);
    }
}
