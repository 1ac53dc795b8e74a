package dev.godwit.pki;

import dev.godwit.tls.Pem;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * A request for a certificate, PKCS #10 (RFC 2986), of which only the key counts: the signature shows that the asker has it.
 * Who the asker is says the connection that it comes over.
 */
public final class CertificateRequest {
    private static final int CHARACTERS_MAX = 16 * 1024;

    private CertificateRequest() {}

    /** A request for a key, PEM. */
    public static String of(KeyPair pair) throws IOException {
        try {
            return Pem.text(
                    Pem.REQUEST,
                    new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=asks"), pair.getPublic())
                            .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                            .getEncoded());
        } catch (OperatorCreationException e) {
            throw new IOException("the key can't sign a request: " + e.getMessage(), e);
        }
    }

    /**
     * The key that a request is about.
     *
     * @throws IllegalArgumentException it is no request, or signed by another key
     */
    public static PublicKey key(String pem) {
        if (pem.length() > CHARACTERS_MAX) {
            throw new IllegalArgumentException(
                    "a certificate request of " + pem.length() + " characters is longer than " + CHARACTERS_MAX);
        }
        try {
            List<byte[]> blocks = Pem.blocks(Pem.REQUEST, pem);
            if (blocks.size() != 1) {
                throw new IllegalArgumentException("the certificate request has " + blocks.size() + " blocks, not one");
            }
            JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(blocks.getFirst());
            PublicKey key = request.getPublicKey();
            if (!key.getAlgorithm().equals("EC")) {
                throw new IllegalArgumentException(
                        "the certificate request is for a key of " + key.getAlgorithm() + "; Godwit's are EC");
            }
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw new IllegalArgumentException("the certificate request is not signed by the key it is for");
            }
            return key;
        } catch (IOException | GeneralSecurityException | OperatorCreationException | PKCSException e) {
            throw new IllegalArgumentException("the certificate request can't be read: " + e.getMessage(), e);
        }
    }
}
