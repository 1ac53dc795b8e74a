package dev.godwit.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom a process takes at the other end: holders of a certificate of its own fleet, in a role that belongs there, signed by
 * the authority for that role, valid now, not revoked. Addresses are not looked at: hosts move between networks, and the
 * identity says who answers. Thread-safe. Source: RFC 5280, path validation by the JDK.
 */
public final class FleetTrust extends X509ExtendedTrustManager {
    private static final int CHAIN_MAX = 4;
    private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    /**
     * What an invitation may be used for: nothing that others know, so that etcd, which asks for {@link #CLIENT_AUTH} and not
     * for a role, takes none. A UUID's identifier (ITU-T X.667).
     */
    public static final String JOIN_USAGE = "2.25.306001403804261324898600806728633302170";

    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

    private final Supplier<Credentials> own;
    private final Set<Role> roles;
    private final AtAddress expected;
    private final Revocations revocations;
    private final InstantSource clock;

    /** Who is to be at an address. */
    public interface AtAddress {
        /**
         * Whose certificate the server there must show.
         *
         * @param host as it was dialled, a name or an address; empty where that is not known
         * @return null: anybody's
         */
        @Nullable
        String holder(String host, int port);
    }

    /** Anybody, anywhere. */
    private static final AtAddress ANYBODY = (host, port) -> null;

    /**
     * Trusts these roles.
     *
     * @param own whose fleet it is
     * @param revocations asked at every handshake
     */
    public FleetTrust(Supplier<Credentials> own, Set<Role> roles, Revocations revocations, InstantSource clock) {
        this(own, roles, ANYBODY, revocations, clock);
    }

    private FleetTrust(
            Supplier<Credentials> own,
            Set<Role> roles,
            AtAddress expected,
            Revocations revocations,
            InstantSource clock) {
        this.own = own;
        this.roles = Set.copyOf(roles);
        this.expected = expected;
        this.revocations = revocations;
        this.clock = clock;
    }

    /** The same for one holder only. */
    public FleetTrust expecting(String holder) {
        return expectingAt((host, port) -> holder);
    }

    /** The same for the holder who is expected at the address of each server; for connections through an {@link SSLEngine}. */
    public FleetTrust expectingAt(AtAddress holders) {
        return new FleetTrust(own, roles, holders, revocations, clock);
    }

    /**
     * Who is at the other end of a session, checked again: a session may be older than a revocation, and a resumed one was
     * never checked.
     *
     * @throws CertificateException it is nobody to talk to
     */
    public Identity identity(SSLSession session) throws CertificateException {
        try {
            X509Certificate[] chain = Stream.of(session.getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toArray(X509Certificate[]::new);
            return verify(chain, null, session.getPeerHost(), session.getPeerPort());
        } catch (SSLPeerUnverifiedException e) {
            throw new CertificateException("it showed no certificate", e);
        }
    }

    /** Whether a certificate that was taken before is still good. */
    public boolean stillGood(Identity identity, X509Certificate certificate) {
        return !clock.instant().isAfter(certificate.getNotAfter().toInstant())
                && !revocations.revoked(identity, certificate);
    }

    private Identity verify(X509Certificate @Nullable [] chain, @Nullable String usage, @Nullable String host, int port)
            throws CertificateException {
        if (chain == null || chain.length == 0) {
            throw new CertificateException("it showed no certificate");
        }
        if (chain.length > CHAIN_MAX) {
            throw new CertificateException("its chain has " + chain.length + " certificates, more than " + CHAIN_MAX);
        }
        Authorities authorities = own.get().authorities();
        Identity identity = Identity.of(chain[0])
                .orElseThrow(() -> new CertificateException("its certificate carries no identity of Godwit"));
        if (!identity.fleet().equals(authorities.fleet())) {
            throw new CertificateException("it is " + identity + ", of another fleet than " + authorities.fleet());
        }
        X509Certificate signer = validate(chain, authorities, identity);
        if (!signer.equals(authorities.of(identity.role().authority()))) {
            throw new CertificateException("it is " + identity.subject() + " by a certificate of the wrong authority");
        }
        String needed = CLIENT_AUTH.equals(usage) && identity.role() == Role.JOIN ? JOIN_USAGE : usage;
        if (needed != null
                && (chain[0].getExtendedKeyUsage() == null
                        || !chain[0].getExtendedKeyUsage().contains(needed))) {
            throw new CertificateException("the certificate of " + identity.subject() + " is not for this end");
        }
        if (!roles.contains(identity.role())) {
            throw new CertificateException("it is " + identity.subject() + ", and only "
                    + roles.stream().map(Role::text).sorted().collect(Collectors.joining(", ")) + " is taken here");
        }
        String name = expected.holder(host == null ? "" : host, port);
        if (name != null && !name.equals(identity.name())) {
            throw new CertificateException("it is " + identity.subject() + ", not " + name);
        }
        if (revocations.revoked(identity, chain[0])) {
            throw new CertificateException("the certificate of " + identity.subject() + " (serial "
                    + Serials.text(chain[0].getSerialNumber()) + ") is revoked");
        }
        return identity;
    }

    /** Gives the authority's certificate that the chain ends in. */
    private X509Certificate validate(X509Certificate[] chain, Authorities authorities, Identity identity)
            throws CertificateException {
        List<X509Certificate> anchors = authorities.certificates();
        List<X509Certificate> path =
                Stream.of(chain).takeWhile(one -> !anchors.contains(one)).toList();
        try {
            PKIXParameters parameters = new PKIXParameters(authorities.anchors());
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(clock.instant()));
            CertPath certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
            var result = (java.security.cert.PKIXCertPathValidatorResult)
                    CertPathValidator.getInstance("PKIX").validate(certPath, parameters);
            return Optional.of(result.getTrustAnchor())
                    .map(TrustAnchor::getTrustedCert)
                    .orElseThrow();
        } catch (CertPathValidatorException e) {
            String why = e.getReason() == BasicReason.EXPIRED
                    ? "has expired at " + chain[0].getNotAfter().toInstant()
                    : e.getReason() == BasicReason.NOT_YET_VALID
                            ? "is valid from " + chain[0].getNotBefore().toInstant()
                                    + " on only; do both clocks go right?"
                            : "is not signed by this fleet's authority (" + e.getMessage() + ")";
            CertificateException refused =
                    new CertificateException("the certificate of " + identity.subject() + " " + why);
            refused.addSuppressed(e); // no cause: whoever logs the last one should meet this sentence
            throw refused;
        } catch (GeneralSecurityException e) {
            throw new CertificateException("its certificate can't be checked: " + e.getMessage(), e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        Objects.requireNonNull(verify(chain, CLIENT_AUTH, null, -1));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        Objects.requireNonNull(verify(chain, SERVER_AUTH, null, -1));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        checkServerTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        Objects.requireNonNull(
                engine == null
                        ? verify(chain, SERVER_AUTH, null, -1)
                        : verify(chain, SERVER_AUTH, engine.getPeerHost(), engine.getPeerPort()));
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return own.get().authorities().certificates().toArray(new X509Certificate[0]);
    }
}
