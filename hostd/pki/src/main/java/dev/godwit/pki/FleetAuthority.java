package dev.godwit.pki;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.tls.Authorities;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Role;
import dev.godwit.tls.Serials;
import dev.godwit.tls.TlsFiles;
import dev.godwit.tls.TlsUnusable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A fleet's certificate authority in a directory: {@code authority.pem} for everybody, {@code hosts.key} and {@code
 * clients.key} for nobody else, and {@code issued.jsonl}, a line for each certificate. A host that renews the others' holds
 * {@code hosts.key} only: it can make no operator. Thread-safe.
 */
public final class FleetAuthority {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ISSUED = "issued.jsonl";

    private final Path directory;
    private final Authorities authorities;
    private final InstantSource clock;
    private final SecureRandom random;

    private FleetAuthority(Path directory, Authorities authorities, InstantSource clock, SecureRandom random) {
        this.directory = directory;
        this.authorities = authorities;
        this.clock = clock;
        this.random = random;
    }

    /**
     * Makes a new fleet's authority.
     *
     * @throws IOException the directory holds one already, or can't be written
     */
    public static FleetAuthority init(Path directory, String fleet, InstantSource clock) throws IOException {
        if (Files.exists(directory.resolve("authority.pem"))) {
            throw new TlsUnusable(
                    directory + " holds an authority already; remove it only if no certificate of it is used");
        }
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        SecureRandom random = new SecureRandom();
        List<X509Certificate> certificates = new ArrayList<>();
        for (Role.Authority authority : Role.Authority.values()) {
            KeyPair pair = KeyPairs.generate();
            CertificateAuthority made = CertificateAuthority.make(
                    new Identity(fleet, Role.HOST, "any").fleet(), authority, pair, clock, random);
            TlsFiles.writeSecret(directory.resolve(authority.text() + ".key"), KeyPairs.pem(pair));
            TlsFiles.write(
                    directory.resolve(authority.text() + ".pem"),
                    Pem.text(Pem.CERTIFICATE, encoded(made.certificate())));
            certificates.add(made.certificate());
        }
        TlsFiles.write(directory.resolve("authority.pem"), text(certificates));
        return open(directory, clock);
    }

    /**
     * Opens the authority in a directory; its keys are read when they are needed.
     *
     * @throws TlsUnusable there is none
     */
    public static FleetAuthority open(Path directory, InstantSource clock) throws TlsUnusable {
        Path file = directory.resolve("authority.pem");
        if (!Files.exists(file)) {
            throw new TlsUnusable(
                    "there is no authority in " + directory + "; 'godwit pki init " + directory + "' makes one");
        }
        try {
            return new FleetAuthority(
                    directory, Authorities.of(Pem.certificates(Files.readString(file))), clock, new SecureRandom());
        } catch (IOException e) {
            throw new TlsUnusable(file + " can't be used: it " + e.getMessage(), e);
        }
    }

    public String fleet() {
        return authorities.fleet();
    }

    public Authorities authorities() {
        return authorities;
    }

    /** What {@code authority.pem} holds. */
    public String authorityPem() {
        return text(authorities.certificates());
    }

    /**
     * Checks that certificates of this kind can be made here.
     *
     * @throws TlsUnusable the key is not here, or not its owner's alone
     */
    public void requireKey(Role.Authority authority) throws TlsUnusable {
        signer(authority);
    }

    private CertificateAuthority signer(Role.Authority authority) throws TlsUnusable {
        X509Certificate certificate = authorities.of(authority);
        Path file = directory.resolve(authority.text() + ".key");
        if (certificate == null || !Files.exists(file)) {
            throw new TlsUnusable("there is no key of the authority for " + authority.text() + " in " + directory
                    + "; ask where 'godwit pki init' was run");
        }
        try {
            return new CertificateAuthority(certificate, Pem.key(TlsFiles.readSecret(file)), clock, random);
        } catch (TlsUnusable e) {
            String sentence = String.valueOf(e.getMessage());
            throw sentence.contains(file.toString()) ? e : new TlsUnusable(file + " " + sentence, e);
        }
    }

    /** Makes a certificate for a key, and notes it. */
    public X509Certificate issue(Issuance issuance, PublicKey key) throws IOException {
        if (!issuance.identity().fleet().equals(fleet())) {
            throw new IllegalArgumentException("\"" + issuance.identity() + "\" is not of fleet " + fleet());
        }
        X509Certificate certificate =
                signer(issuance.identity().role().authority()).issue(issuance, key);
        note(issuance, certificate);
        return certificate;
    }

    /** Makes a key and a certificate for it. */
    public Credentials issue(Issuance issuance) throws IOException {
        KeyPair pair = KeyPairs.generate();
        X509Certificate certificate = issue(issuance, pair.getPublic());
        return Credentials.of(pair.getPrivate(), List.of(certificate), authorities);
    }

    /** Makes a key and a certificate and writes both with the authorities, as {@link TlsFiles#in} finds them. */
    public Credentials issue(Issuance issuance, Path into) throws IOException {
        Credentials made = issue(issuance);
        write(made, into);
        return made;
    }

    /** Writes an identity's files. */
    public static void write(Credentials credentials, Path into) throws IOException {
        Files.createDirectories(into);
        credentials.store(TlsFiles.in(into));
    }

    private synchronized void note(Issuance issuance, X509Certificate certificate) throws IOException {
        String line = JSON.createObjectNode()
                .put("serial", Serials.text(certificate.getSerialNumber()))
                .put("subject", issuance.identity().subject())
                .put("until", certificate.getNotAfter().toInstant().toString())
                .toString();
        Path file = directory.resolve(ISSUED);
        boolean first = !Files.exists(file);
        Files.writeString(
                file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE);
        if (first) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    /**
     * A certificate that was made here.
     *
     * @param serial hex
     * @param subject {@code ROLE/NAME}
     */
    public record Issued(String serial, String subject, Instant until) {}

    /** All certificates made here, oldest first. */
    public List<Issued> issued() throws IOException {
        Path file = directory.resolve(ISSUED);
        if (!Files.exists(file)) {
            return List.of();
        }
        try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
            return lines.map(FleetAuthority::issued).flatMap(Optional::stream).toList();
        }
    }

    /** A line that a crash cut off is none. */
    private static Optional<Issued> issued(String line) {
        try {
            JsonNode node = JSON.readTree(line);
            return Optional.of(new Issued(
                    node.required("serial").asText(),
                    node.required("subject").asText(),
                    Instant.parse(node.required("until").asText())));
        } catch (IOException | IllegalArgumentException | java.time.DateTimeException e) {
            return Optional.empty();
        }
    }

    private static byte[] encoded(X509Certificate certificate) throws IOException {
        try {
            return certificate.getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IOException("a certificate can't be written: " + e.getMessage(), e);
        }
    }

    /** Certificates as a PEM file holds them. */
    public static String text(List<X509Certificate> certificates) {
        try {
            return Pem.text(certificates);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a certificate that was read can't be written", e);
        }
    }
}
