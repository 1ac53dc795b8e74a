package dev.godwit.peer;

import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.TlsChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** A connection under TLS. */
final class SecureChannel implements PeerChannel {
    /** Of a stranger: a record each way. */
    private static final int STRANGER_BYTES = 0;
    /** A dozen records a system call. */
    private static final int PEER_BYTES = 256 << 10;

    private final TlsChannel tls;
    private final FleetTrust trust;
    private volatile @Nullable Identity identity;
    private volatile @Nullable X509Certificate certificate;

    SecureChannel(SocketChannel socket, SSLEngine engine, FleetTrust trust) {
        this.tls = new TlsChannel(socket, engine, STRANGER_BYTES);
        this.trust = trust;
    }

    @Override
    public void secure() throws IOException {
        SSLSession session = tls.handshake();
        try {
            identity = trust.identity(session);
            certificate = (X509Certificate) session.getPeerCertificates()[0];
        } catch (CertificateException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public @Nullable String host() {
        Identity shown = identity;
        return shown == null ? null : shown.name();
    }

    @Override
    public boolean stillGood() {
        Identity shown = identity;
        X509Certificate its = certificate;
        return shown == null || its == null || trust.stillGood(shown, its);
    }

    @Override
    public void widen() {
        tls.widen(PEER_BYTES);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return tls.read(into);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return tls.write(from);
    }

    @Override
    public boolean isOpen() {
        return tls.isOpen();
    }

    @Override
    public void close() throws IOException {
        tls.close();
    }
}
