package dev.godwit.tls;

import java.security.cert.X509Certificate;
import java.util.List;

/** What is revoked now. Thread-safe. */
public interface Revocations {
    /** Whether a certificate is no longer taken. */
    boolean revoked(Identity identity, X509Certificate certificate);

    /** Nothing is. */
    static Revocations none() {
        return (identity, certificate) -> false;
    }

    /** These are. */
    static Revocations of(List<Revocation> list) {
        List<Revocation> copy = List.copyOf(list);
        return (identity, certificate) -> copy.stream().anyMatch(one -> one.hits(identity, certificate));
    }
}
