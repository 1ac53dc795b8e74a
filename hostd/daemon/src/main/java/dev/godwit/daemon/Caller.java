package dev.godwit.daemon;

import dev.godwit.tls.Role;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/**
 * Who asks.
 *
 * @param name as in the certificate
 * @param certificate what was shown; null for one who came by the unix socket, or through another host
 */
public record Caller(Role role, String name, @Nullable X509Certificate certificate) {
    /** Whoever may open the unix socket is root of this machine. */
    static final Caller LOCAL = new Caller(Role.OPERATOR, "root", null);

    /** {@code ROLE/NAME}. */
    String subject() {
        return role.text() + "/" + name;
    }
}
