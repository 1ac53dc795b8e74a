package dev.godwit.tls;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who holds a certificate: its one URI {@code godwit://FLEET/ROLE/NAME} (RFC 5280, subject alternative name). Addresses in a
 * certificate are for other programs; Godwit itself goes by this.
 *
 * @param fleet 1 to 63 of a-z, 0-9 and -
 * @param name of a host its id; of a person or a CI system 1 to 63 of A-Z, a-z, 0-9 and . _ - @
 */
public record Identity(String fleet, Role role, String name) {
    private static final Pattern FLEET = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,62}");
    private static final Pattern URI = Pattern.compile("godwit://([^/]{1,63})/([^/]{1,63})/([^/]{1,63})");
    /** RFC 5280, GeneralName: uniformResourceIdentifier. */
    private static final int SAN_URI = 6;

    public Identity {
        if (!FLEET.matcher(fleet).matches()) {
            throw new IllegalArgumentException(
                    "fleet \"" + fleet + "\" is not a name: 1 to 63 of a-z, 0-9 and -, no - at its ends");
        }
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("name \"" + name
                    + "\" is not 1 to 63 letters, digits, dots, dashes, underscores and @, a letter or digit first");
        }
    }

    /** {@code godwit://FLEET/ROLE/NAME}. */
    public String uri() {
        return "godwit://" + fleet + "/" + role.text() + "/" + name;
    }

    /** {@code ROLE/NAME}, as people write it. */
    public String subject() {
        return role.text() + "/" + name;
    }

    /** Reads {@link #uri()}. */
    public static Identity parse(String uri) {
        Matcher parts = URI.matcher(uri);
        if (!parts.matches()) {
            throw new IllegalArgumentException("\"" + uri + "\" is not godwit://FLEET/ROLE/NAME");
        }
        return new Identity(parts.group(1), Role.of(parts.group(2)), parts.group(3));
    }

    /** The identity that a certificate carries; empty when it carries none, more than one, or one that can't be read. */
    public static Optional<Identity> of(X509Certificate certificate) {
        try {
            List<String> uris = uris(certificate);
            return uris.size() == 1 ? Optional.of(parse(uris.get(0))) : Optional.empty();
        } catch (IllegalArgumentException | CertificateParsingException e) {
            return Optional.empty();
        }
    }

    /** The {@code godwit:} URIs of a certificate. */
    static List<String> uris(X509Certificate certificate) throws CertificateParsingException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        return names == null
                ? List.of()
                : names.stream()
                        .filter(name -> name.get(0).equals(SAN_URI) && name.get(1) instanceof String)
                        .map(name -> String.valueOf(name.get(1)))
                        .filter(uri -> uri.startsWith("godwit:"))
                        .toList();
    }

    @Override
    public String toString() {
        return uri();
    }
}
