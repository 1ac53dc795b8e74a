package dev.godwit.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** PEM, RFC 7468: certificates and unencrypted PKCS #8 keys. */
public final class Pem {
    public static final String CERTIFICATE = "CERTIFICATE";
    public static final String PRIVATE_KEY = "PRIVATE KEY";
    public static final String REQUEST = "CERTIFICATE REQUEST";

    private static final int LINE_CHARACTERS = 64;
    /** EC is what 'godwit pki' makes; the others are what people bring along. */
    private static final List<String> KEY_TYPES = List.of("EC", "RSA", "Ed25519");

    private Pem() {}

    /** Writes one block. */
    public static String text(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(LINE_CHARACTERS, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END " + label + "-----\n";
    }

    /** Writes certificates, one after the other. */
    public static String text(List<X509Certificate> certificates) throws CertificateException {
        StringBuilder text = new StringBuilder();
        for (X509Certificate certificate : certificates) {
            text.append(text(CERTIFICATE, certificate.getEncoded()));
        }
        return text.toString();
    }

    /**
     * The contents of all blocks with a label; text around them is skipped.
     *
     * @throws TlsUnusable a block does not end or is not base64
     */
    public static List<byte[]> blocks(String label, String pem) throws TlsUnusable {
        String begin = "-----BEGIN " + label + "-----";
        String end = "-----END " + label + "-----";
        List<byte[]> blocks = new ArrayList<>();
        for (int at = pem.indexOf(begin); at >= 0; at = pem.indexOf(begin, at + 1)) {
            int stop = pem.indexOf(end, at);
            if (stop < 0) {
                throw new TlsUnusable("has a block that begins with " + begin + " and does not end");
            }
            try {
                byte[] base64 = pem.substring(at + begin.length(), stop).getBytes(StandardCharsets.US_ASCII);
                blocks.add(Base64.getMimeDecoder().decode(base64));
            } catch (IllegalArgumentException e) {
                throw new TlsUnusable("has a block " + label + " that is not base64", e);
            }
        }
        return blocks;
    }

    /** All certificates in a text. */
    public static List<X509Certificate> certificates(String pem) throws TlsUnusable {
        List<X509Certificate> certificates = new ArrayList<>();
        for (byte[] der : blocks(CERTIFICATE, pem)) {
            certificates.add(certificate(der));
        }
        return certificates;
    }

    /** One certificate, DER. */
    public static X509Certificate certificate(byte[] der) throws TlsUnusable {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw new TlsUnusable("has a certificate that can't be read: " + e.getMessage(), e);
        }
    }

    /** The one key in a text. */
    public static PrivateKey key(String pem) throws TlsUnusable {
        List<byte[]> blocks = blocks(PRIVATE_KEY, pem);
        if (blocks.size() != 1) {
            throw new TlsUnusable("has " + blocks.size() + " blocks " + PRIVATE_KEY
                    + ", not one (unencrypted PKCS #8: 'openssl pkcs8 -topk8 -nocrypt' makes it)");
        }
        return key(blocks.get(0));
    }

    /** A key, PKCS #8. */
    public static PrivateKey key(byte[] pkcs8) throws TlsUnusable {
        InvalidKeySpecException last = null;
        for (String type : KEY_TYPES) {
            try {
                return KeyFactory.getInstance(type).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (InvalidKeySpecException e) {
                last = e;
            } catch (GeneralSecurityException e) {
                throw new TlsUnusable("has a key that can't be read: " + e.getMessage(), e);
            }
        }
        throw new TlsUnusable("has a key that is none of " + KEY_TYPES, last == null ? new Exception() : last);
    }
}
