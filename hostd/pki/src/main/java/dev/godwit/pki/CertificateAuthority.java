package dev.godwit.pki;

import dev.godwit.tls.Authorities;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Role;
import dev.godwit.tls.Serials;
import dev.godwit.tls.TlsUnusable;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** One of a fleet's two authorities with its key. Thread-safe. Source: RFC 5280. */
final class CertificateAuthority {
    /** Clocks of two machines may differ by so much. */
    private static final Duration BACKDATED = Duration.ofMinutes(5);
    /** Whoever changes it visits all machines. */
    private static final Duration AUTHORITY_VALIDITY = Duration.ofDays(3650);

    private static final String ALGORITHM = "SHA256withECDSA";
    private static final Pattern IP = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    private final X509Certificate certificate;
    private final PrivateKey key;
    private final InstantSource clock;
    private final SecureRandom random;

    CertificateAuthority(X509Certificate certificate, PrivateKey key, InstantSource clock, SecureRandom random) {
        this.certificate = certificate;
        this.key = key;
        this.clock = clock;
        this.random = random;
    }

    /** A new authority, signed by itself. */
    static CertificateAuthority make(
            String fleet, Role.Authority authority, KeyPair pair, InstantSource clock, SecureRandom random)
            throws IOException {
        Instant now = clock.instant();
        X500Name name = name(fleet, "Godwit fleet " + fleet + ", authority for " + authority.text());
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                name,
                Serials.next(now, random),
                Date.from(now.minus(BACKDATED)),
                Date.from(now.plus(AUTHORITY_VALIDITY)),
                name,
                pair.getPublic());
        try {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
                    .addExtension(
                            Extension.subjectKeyIdentifier,
                            false,
                            new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()))
                    .addExtension(
                            Extension.subjectAlternativeName,
                            false,
                            new GeneralNames(new GeneralName(
                                    GeneralName.uniformResourceIdentifier, Authorities.uri(fleet, authority))));
            return new CertificateAuthority(signed(builder, pair.getPrivate()), pair.getPrivate(), clock, random);
        } catch (GeneralSecurityException e) {
            throw new IOException("the authority's certificate can't be made: " + e.getMessage(), e);
        }
    }

    X509Certificate certificate() {
        return certificate;
    }

    PrivateKey key() {
        return key;
    }

    /** Signs a certificate for a key whose holder has shown that it is theirs. */
    X509Certificate issue(Issuance issuance, PublicKey holder) throws IOException {
        Instant now = clock.instant();
        BigInteger serial = Serials.next(now, random);
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                certificate,
                serial,
                Date.from(now.minus(BACKDATED)),
                Date.from(now.plus(issuance.validity())),
                new javax.security.auth.x500.X500Principal(
                        name(issuance.identity().fleet(), issuance.identity().name())
                                .toString()),
                holder);
        try {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                    .addExtension(
                            Extension.extendedKeyUsage,
                            false,
                            usage(issuance.identity().role()))
                    .addExtension(
                            Extension.authorityKeyIdentifier,
                            false,
                            new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate))
                    .addExtension(Extension.subjectAlternativeName, false, names(issuance));
            return signed(builder, key);
        } catch (GeneralSecurityException e) {
            throw new IOException("a certificate for " + issuance.identity() + " can't be made: " + e.getMessage(), e);
        }
    }

    /** Only hosts and stores are servers; etcd's gateway calls itself with its server's certificate. */
    private static ExtendedKeyUsage usage(Role role) {
        if (role == Role.JOIN) {
            return new ExtendedKeyUsage(KeyPurposeId.getInstance(new ASN1ObjectIdentifier(FleetTrust.JOIN_USAGE)));
        }
        return role == Role.HOST || role == Role.STORE
                ? new ExtendedKeyUsage(
                        new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_serverAuth})
                : new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth);
    }

    private static GeneralNames names(Issuance issuance) {
        List<GeneralName> names = new ArrayList<>();
        names.add(new GeneralName(
                GeneralName.uniformResourceIdentifier, issuance.identity().uri()));
        for (String address : issuance.addresses()) {
            names.add(new GeneralName(
                    IP.matcher(address).matches() ? GeneralName.iPAddress : GeneralName.dNSName, address));
        }
        return new GeneralNames(names.toArray(GeneralName[]::new));
    }

    private static X500Name name(String fleet, String name) {
        return new X500NameBuilder(BCStyle.INSTANCE)
                .addRDN(BCStyle.O, fleet)
                .addRDN(BCStyle.CN, name)
                .build();
    }

    private static X509Certificate signed(JcaX509v3CertificateBuilder builder, PrivateKey key) throws IOException {
        try {
            ContentSigner signer = new JcaContentSignerBuilder(ALGORITHM).build(key);
            return Pem.certificate(builder.build(signer).getEncoded());
        } catch (OperatorCreationException e) {
            throw new TlsUnusable("the authority's key can't sign: " + e.getMessage(), e);
        }
    }
}
