package dev.godwit.pki;

import dev.godwit.tls.Authorities;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsUnusable;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * What one host needs to join: where to ask, whom to trust, and a certificate of role {@code join} with its key, with which it
 * may ask for its own certificate, once. As a token it is one word. So not even a joining host speaks to a member without TLS
 * and a certificate.
 *
 * @param endpoints {@code https://HOST:PORT} of members
 * @param credentials of role {@code join}; its name is the id of the host that may join
 */
public record Invitation(List<URI> endpoints, Credentials credentials) {
    /** Long enough to carry it to the other machine. */
    public static final Duration VALIDITY = Duration.ofMinutes(15);

    private static final String PREFIX = "godwit1.";
    private static final int CHARACTERS_MAX = 16 * 1024;
    private static final int ENDPOINTS_MAX = 16;

    public Invitation {
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty() || endpoints.size() > ENDPOINTS_MAX) {
            throw new IllegalArgumentException(
                    "an invitation names " + endpoints.size() + " endpoints, not 1 to " + ENDPOINTS_MAX);
        }
        if (credentials.identity().role() != Role.JOIN) {
            throw new IllegalArgumentException("an invitation holds " + credentials.identity() + ", not a joiner");
        }
    }

    /** Invites a host. */
    public static Invitation make(FleetAuthority authority, String host, Duration validity, List<URI> endpoints)
            throws IOException {
        Issuance issuance = new Issuance(new Identity(authority.fleet(), Role.JOIN, host), List.of(), validity);
        return new Invitation(endpoints, authority.issue(issuance));
    }

    public Identity identity() {
        return credentials.identity();
    }

    /** SHA-256 of the authority's certificate, hex: what two people can compare. */
    public String fingerprint() {
        return fingerprint(hostsAuthority(credentials.authorities()));
    }

    /** SHA-256 of a certificate, hex. */
    static String fingerprint(X509Certificate certificate) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a certificate can't be hashed", e);
        }
    }

    private static X509Certificate hostsAuthority(Authorities authorities) {
        X509Certificate certificate = authorities.of(Role.Authority.HOSTS);
        if (certificate == null) {
            throw new IllegalStateException("authorities without one for hosts");
        }
        return certificate;
    }

    /** One word, to be kept secret until it is used. */
    public String token() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(endpoints.size());
            for (URI endpoint : endpoints) {
                out.writeUTF(endpoint.toString());
            }
            for (byte[] part : List.of(
                    hostsAuthority(credentials.authorities()).getEncoded(),
                    credentials.chain().getFirst().getEncoded(),
                    credentials.key().getEncoded())) {
                out.writeShort(part.length);
                out.write(part);
            }
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("an invitation can't be written", e);
        }
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }

    /**
     * Reads a token.
     *
     * @throws TlsUnusable it is none, or was cut off on its way
     */
    public static Invitation parse(String token) throws TlsUnusable {
        if (!token.startsWith(PREFIX) || token.length() > CHARACTERS_MAX) {
            throw new TlsUnusable("the token does not begin with " + PREFIX
                    + " or is longer than any; 'godwit host invite HOST' on a member prints one");
        }
        try (DataInputStream in = new DataInputStream(
                new ByteArrayInputStream(Base64.getUrlDecoder().decode(token.substring(PREFIX.length()))))) {
            List<URI> endpoints = new ArrayList<>();
            int count = in.readUnsignedByte();
            for (int i = 0; i < count; i++) {
                endpoints.add(URI.create(in.readUTF()));
            }
            X509Certificate authority = Pem.certificate(part(in));
            X509Certificate certificate = Pem.certificate(part(in));
            Credentials credentials =
                    Credentials.of(Pem.key(part(in)), List.of(certificate), Authorities.of(List.of(authority)));
            if (in.read() >= 0) {
                throw new TlsUnusable("the token has something behind its end; copy it again");
            }
            return new Invitation(endpoints, credentials);
        } catch (TlsUnusable e) {
            throw new TlsUnusable("the token can't be used, it " + e.getMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            throw new TlsUnusable("the token can't be read (" + e.getMessage() + "); copy all of it", e);
        }
    }

    private static byte[] part(DataInputStream in) throws IOException {
        byte[] part = new byte[in.readUnsignedShort()];
        in.readFully(part);
        return part;
    }

    @Override
    public String toString() {
        return "invitation of " + identity().name() + " to " + identity().fleet() + " at "
                + Arrays.toString(endpoints.toArray());
    }
}
