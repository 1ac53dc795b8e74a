package dev.godwit.tls;

import java.security.cert.CertificateParsingException;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The certificates of a fleet's authorities, as {@code authority.pem} holds them: who may sign what. Immutable. */
public final class Authorities {
    private final String fleet;
    private final Map<Role.Authority, X509Certificate> certificates;

    private Authorities(String fleet, Map<Role.Authority, X509Certificate> certificates) {
        this.fleet = fleet;
        this.certificates = certificates;
    }

    /** The URI in the certificate of an authority: {@code godwit://FLEET/authority/hosts}. */
    public static String uri(String fleet, Role.Authority authority) {
        return "godwit://" + fleet + "/authority/" + authority.text();
    }

    /**
     * Takes the certificates of one fleet, one an authority; the one of the hosts must be there.
     *
     * @throws TlsUnusable they are of several fleets, double, or no authorities of Godwit
     */
    public static Authorities of(List<X509Certificate> certificates) throws TlsUnusable {
        String fleet = null;
        Map<Role.Authority, X509Certificate> known = new EnumMap<>(Role.Authority.class);
        for (X509Certificate certificate : certificates) {
            for (Role.Authority authority : Role.Authority.values()) {
                String its = fleetOf(certificate, authority);
                if (its == null) {
                    continue;
                }
                if (fleet != null && !fleet.equals(its)) {
                    throw new TlsUnusable("holds authorities of two fleets, " + fleet + " and " + its);
                }
                if (known.put(authority, certificate) != null) {
                    throw new TlsUnusable("holds two authorities for " + authority.text());
                }
                fleet = its;
            }
        }
        if (fleet == null || !known.containsKey(Role.Authority.HOSTS)) {
            throw new TlsUnusable("holds no certificate of an authority for hosts, as 'godwit pki init' makes it");
        }
        return new Authorities(fleet, known);
    }

    private static @Nullable String fleetOf(X509Certificate certificate, Role.Authority authority) throws TlsUnusable {
        try {
            List<String> uris = Identity.uris(certificate);
            String tail = "/authority/" + authority.text();
            if (certificate.getBasicConstraints() < 0
                    || uris.size() != 1
                    || !uris.get(0).endsWith(tail)) {
                return null;
            }
            return uris.get(0).substring("godwit://".length(), uris.get(0).length() - tail.length());
        } catch (CertificateParsingException | IndexOutOfBoundsException e) {
            throw new TlsUnusable("holds a certificate that can't be read: " + e.getMessage(), e);
        }
    }

    public String fleet() {
        return fleet;
    }

    /** The authority for a role; null when this process was given none. */
    public @Nullable X509Certificate of(Role.Authority authority) {
        return certificates.get(authority);
    }

    public List<X509Certificate> certificates() {
        return List.copyOf(certificates.values());
    }

    Set<TrustAnchor> anchors() {
        return certificates.values().stream()
                .map(certificate -> new TrustAnchor(certificate, null))
                .collect(Collectors.toSet());
    }
}
