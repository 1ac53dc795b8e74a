package dev.godwit.client;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.LiveCredentials;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import dev.godwit.tls.TlsUnusable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.SSLSocketFactory;
import okhttp3.ConnectionSpec;
import okhttp3.OkHttpClient;
import okhttp3.TlsVersion;

/**
 * The certificate that a client shows at {@code https} endpoints. Files that are replaced are used from the next connection on.
 * What answers must be a host of the certificate's fleet; its address counts for nothing. Thread-safe.
 */
public final class ClientTls {
    private final Supplier<Credentials> own;

    private ClientTls(Supplier<Credentials> own) {
        this.own = own;
    }

    /**
     * Reads {@code certificate.pem}, {@code key.pem} and {@code authority.pem} of a directory.
     *
     * @throws IOException they can't be used; the message says why and what to do
     */
    public static ClientTls in(Path directory) throws IOException {
        LiveCredentials live = LiveCredentials.open(TlsFiles.in(directory));
        return new ClientTls(() -> {
            try {
                live.refresh();
            } catch (TlsUnusable e) {
                return live.get(); // being replaced right now: the old ones are good until they expire
            }
            return live.get();
        });
    }

    /** The identity given, for one that is not in files. */
    public static ClientTls of(Credentials credentials) {
        return new ClientTls(() -> credentials);
    }

    OkHttpClient.Builder on(OkHttpClient.Builder builder) {
        FleetTrust trust = new FleetTrust(own, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        SSLSocketFactory sockets = FleetTls.context(own, trust).getSocketFactory();
        ConnectionSpec only = new ConnectionSpec.Builder(ConnectionSpec.RESTRICTED_TLS)
                .tlsVersions(TlsVersion.TLS_1_3)
                .build();
        return builder.sslSocketFactory(sockets, trust)
                .hostnameVerifier((host, session) -> true) // the trust has seen to it that it is a host of the fleet
                .connectionSpecs(List.of(only, ConnectionSpec.CLEARTEXT));
    }
}
