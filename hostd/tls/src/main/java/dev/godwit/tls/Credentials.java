package dev.godwit.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Who this process is and whom it trusts. Immutable.
 *
 * @param identity as the first certificate carries it
 * @param chain the own certificate first
 */
public record Credentials(Identity identity, PrivateKey key, List<X509Certificate> chain, Authorities authorities) {
    public Credentials {
        chain = List.copyOf(chain);
    }

    /**
     * Reads and checks an identity's files: that they are of one fleet, belong together, and that the key is its owner's
     * alone. Not whether the certificate is valid now: see {@link #requireValid}.
     *
     * @throws TlsUnusable they can't be used
     */
    public static Credentials load(TlsFiles files) throws TlsUnusable {
        PrivateKey key = key(files);
        List<X509Certificate> chain = chain(files);
        Authorities authorities = authorities(files);
        return in(files.certificate().toString(), () -> of(key, newer(files, key, chain), authorities));
    }

    /**
     * The same, without a trial whether key and certificate belong together, which takes a process that lives for one request
     * longer than the request. The other end refuses a pair that does not.
     *
     * @throws TlsUnusable they can't be used
     */
    public static Credentials loadUntried(TlsFiles files) throws TlsUnusable {
        PrivateKey key = key(files);
        List<X509Certificate> chain = chain(files);
        Authorities authorities = authorities(files);
        return in(files.certificate().toString(), () -> untried(key, chain, authorities));
    }

    private static PrivateKey key(TlsFiles files) throws TlsUnusable {
        return in(files.key().toString(), () -> Pem.key(TlsFiles.readSecret(files.key())));
    }

    private static List<X509Certificate> chain(TlsFiles files) throws TlsUnusable {
        return in(files.certificate().toString(), () -> Pem.certificates(TlsFiles.read(files.certificate())));
    }

    private static Authorities authorities(TlsFiles files) throws TlsUnusable {
        return in(
                files.authority().toString(), () -> Authorities.of(Pem.certificates(TlsFiles.read(files.authority()))));
    }

    /** A renewal that was cut off between its two files has left the certificate beside. */
    private static List<X509Certificate> newer(TlsFiles files, PrivateKey key, List<X509Certificate> chain)
            throws TlsUnusable {
        if (chain.isEmpty() || belongTogether(key, chain.get(0)) || !Files.exists(next(files))) {
            return chain;
        }
        List<X509Certificate> next = Pem.certificates(TlsFiles.read(next(files)));
        return !next.isEmpty() && belongTogether(key, next.get(0)) ? next : chain;
    }

    private static Path next(TlsFiles files) {
        return files.certificate().resolveSibling(files.certificate().getFileName() + ".next");
    }

    /** Writes the files; a crash in between leaves either the old or the new identity whole. */
    public void store(TlsFiles files) throws IOException {
        try {
            TlsFiles.write(files.authority(), Pem.text(authorities.certificates()));
            TlsFiles.write(next(files), Pem.text(chain));
            TlsFiles.writeSecret(files.key(), Pem.text(Pem.PRIVATE_KEY, key.getEncoded()));
            Files.move(
                    next(files),
                    files.certificate(),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (GeneralSecurityException e) {
            throw new IOException("the certificate of " + identity + " can't be written: " + e.getMessage(), e);
        }
    }

    /** Puts an identity together; checks the same. */
    public static Credentials of(PrivateKey key, List<X509Certificate> chain, Authorities authorities)
            throws TlsUnusable {
        Credentials credentials = untried(key, chain, authorities);
        if (!belongTogether(key, chain.get(0))) {
            throw new TlsUnusable("is not the certificate of the private key beside it");
        }
        return credentials;
    }

    private static Credentials untried(PrivateKey key, List<X509Certificate> chain, Authorities authorities)
            throws TlsUnusable {
        if (chain.isEmpty()) {
            throw new TlsUnusable("holds no certificate");
        }
        Identity identity = Identity.of(chain.get(0))
                .orElseThrow(
                        () -> new TlsUnusable(
                                "holds a certificate without one identity godwit://FLEET/ROLE/NAME; 'godwit pki issue' makes one"));
        if (!identity.fleet().equals(authorities.fleet())) {
            throw new TlsUnusable("is a certificate of fleet " + identity.fleet() + ", and the authority is of fleet "
                    + authorities.fleet());
        }
        return new Credentials(identity, key, chain, authorities);
    }

    /**
     * Refuses a certificate that nobody would take now.
     *
     * @throws TlsUnusable it is expired, or not yet valid
     */
    public void requireValid(Instant now) throws TlsUnusable {
        Instant from = chain.get(0).getNotBefore().toInstant();
        Instant until = until();
        if (now.isAfter(until)) {
            throw new TlsUnusable("the certificate of " + identity.subject() + " has expired at " + until
                    + "; make a new one with 'godwit pki issue', for a host also with 'godwit host join'");
        }
        if (now.isBefore(from)) {
            throw new TlsUnusable("the certificate of " + identity.subject() + " is valid from " + from
                    + " on, and this machine's clock shows " + now + "; set the clock");
        }
    }

    /** When the certificate expires. */
    public Instant until() {
        return chain.get(0).getNotAfter().toInstant();
    }

    /** When it should be renewed: half of its life is left for a renewal that fails at first. */
    public Instant renewFrom() {
        Instant from = chain.get(0).getNotBefore().toInstant();
        return from.plus(Duration.between(from, until()).dividedBy(2));
    }

    private interface Reading<T> {
        T read() throws TlsUnusable;
    }

    private static <T> T in(String file, Reading<T> reading) throws TlsUnusable {
        try {
            return reading.read();
        } catch (TlsUnusable e) {
            String sentence = String.valueOf(e.getMessage());
            throw sentence.contains(file) ? e : new TlsUnusable(file + " " + sentence, e);
        }
    }

    private static boolean belongTogether(PrivateKey key, X509Certificate certificate) throws TlsUnusable {
        String algorithm = switch (key.getAlgorithm()) {
            case "EC" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            default -> key.getAlgorithm();
        };
        if (!key.getAlgorithm().equals(certificate.getPublicKey().getAlgorithm())) {
            return false;
        }
        try {
            byte[] sample = certificate.getSerialNumber().toByteArray();
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(sample);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(sample);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            throw new TlsUnusable("has a key that does not work: " + e.getMessage(), e);
        }
    }
}
