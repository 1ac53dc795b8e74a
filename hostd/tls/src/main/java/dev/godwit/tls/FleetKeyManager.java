package dev.godwit.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Shows the current certificate at each handshake. The library asks for the chain and the key one after the other, so an
 * alias names the very credentials, and the ones before are kept for a handshake that a renewal overtakes. Thread-safe.
 */
final class FleetKeyManager extends X509ExtendedKeyManager {
    private final Supplier<Credentials> credentials;
    private Credentials newest;
    private Credentials before;

    FleetKeyManager(Supplier<Credentials> credentials) {
        this.credentials = credentials;
        this.newest = credentials.get();
        this.before = newest;
    }

    private synchronized String alias() {
        Credentials now = credentials.get();
        if (now != newest) {
            before = newest;
            newest = now;
        }
        return alias(newest);
    }

    private static String alias(Credentials of) {
        return of.chain().get(0).getSerialNumber().toString(16);
    }

    private synchronized @Nullable Credentials named(@Nullable String alias) {
        return alias(newest).equals(alias) ? newest : alias(before).equals(alias) ? before : null;
    }

    @Override
    public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return new String[] {alias()};
    }

    @Override
    public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return new String[] {alias()};
    }

    @Override
    public String chooseClientAlias(String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return alias();
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return fits(keyType) ? alias() : null;
    }

    @Override
    public String chooseEngineClientAlias(
            String[] keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return alias();
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return fits(keyType) ? alias() : null;
    }

    /** A server is asked for each kind of key that the client takes: {@code EC}, {@code EC_EC}, {@code RSASSA-PSS}, ... */
    private boolean fits(String keyType) {
        return keyType.startsWith(credentials.get().key().getAlgorithm());
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(@Nullable String alias) {
        Credentials of = named(alias);
        return of == null ? null : of.chain().toArray(new X509Certificate[0]);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(@Nullable String alias) {
        Credentials of = named(alias);
        return of == null ? null : of.key();
    }
}
