package dev.godwit.tls;

import java.security.GeneralSecurityException;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;

/** TLS as Godwit speaks it: 1.3 only (RFC 8446), certificates at both ends. */
public final class FleetTls {
    public static final String PROTOCOL = "TLSv1.3";

    /** Those that have hardware below them on every machine Godwit runs on, and what a client without may ask for. */
    private static final String[] CIPHERS = {
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
    };

    private FleetTls() {}

    /** Shows the supplier's certificate of that moment at each handshake. */
    public static X509ExtendedKeyManager keyManager(Supplier<Credentials> own) {
        return new FleetKeyManager(own);
    }

    /** A context for either end. */
    public static SSLContext context(Supplier<Credentials> own, FleetTrust trust) {
        try {
            SSLContext context = SSLContext.getInstance(PROTOCOL);
            context.init(new KeyManager[] {keyManager(own)}, new TrustManager[] {trust}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK does not speak " + PROTOCOL, e);
        }
    }

    /** An engine for a server; nobody without a certificate comes in. */
    public static SSLEngine server(SSLContext context) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = parameters();
        parameters.setNeedClientAuth(true);
        parameters.setUseCipherSuitesOrder(true);
        engine.setSSLParameters(parameters);
        return engine;
    }

    /** An engine for a client. */
    public static SSLEngine client(SSLContext context) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        engine.setSSLParameters(parameters());
        return engine;
    }

    private static SSLParameters parameters() {
        return new SSLParameters(CIPHERS.clone(), new String[] {PROTOCOL});
    }
}
