package dev.godwit.daemon;

import dev.godwit.api.CertificateIssued;
import dev.godwit.api.HostInvited;
import dev.godwit.api.InviteHost;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.RequestCertificate;
import dev.godwit.api.Revoke;
import dev.godwit.api.Revoked;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.HostRecord;
import dev.godwit.pki.CertificateRequest;
import dev.godwit.pki.FleetAuthority;
import dev.godwit.pki.Invitation;
import dev.godwit.pki.Issuance;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Revocation;
import dev.godwit.tls.Role;
import dev.godwit.tls.Serials;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.PublicKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The fleet's certificates, with the store and, on an issuer, the authority's key. Thread-safe. */
final class HostPki implements FleetPki {
    private static final Logger LOG = LoggerFactory.getLogger(HostPki.class);

    /** A host's record has this label when it holds the key of the authority for hosts. */
    static final String ISSUER_LABEL = "issuer";

    /** RFC 5280, GeneralName: dNSName and iPAddress. */
    private static final List<Integer> ADDRESSES = List.of(2, 7);

    private final HostdConfig config;
    private final FleetStore store;
    private final InstantSource clock;
    private final NewestSerials serials;

    HostPki(HostdConfig config, FleetStore store, InstantSource clock) {
        this.config = config;
        this.store = store;
        this.clock = clock;
        this.serials = new NewestSerials(store.documents());
    }

    /** The directory of the authority's key, null where this host holds none. */
    static @Nullable Path keyDirectory(HostdConfig config) {
        return config.tls() == null ? null : config.tls().issuer();
    }

    @Override
    public String issuer() {
        if (keyDirectory(config) != null) {
            return config.hostId();
        }
        return issuers().stream()
                .findFirst()
                .map(HostRecord::hostId)
                .orElseThrow(() -> new Refused(
                        ProblemCode.REFUSED,
                        "No living host of the fleet holds the key of the authority for hosts; write tls: issuer: DIR in the "
                                + "configuration of one, DIR with authority.pem and hosts.key of 'godwit pki init'."));
    }

    /** Other living hosts that hold the key. */
    List<HostRecord> issuers() {
        try {
            return store.hosts().stream()
                    .filter(host -> !host.hostId().equals(config.hostId())
                            && "true".equals(host.labels().get(ISSUER_LABEL))
                            && !host.restAddress().isEmpty())
                    .toList();
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "The fleet store can't be asked which host holds the authority's key: " + e.getMessage(), e);
        }
    }

    /** @param after what it issues is issued after this, whatever the clocks of the hosts say */
    private FleetAuthority authority(Instant after) throws IOException {
        Path directory = keyDirectory(config);
        if (directory == null) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "Host " + config.hostId() + " does not hold the key of the authority for hosts; ask host "
                            + issuer() + ".");
        }
        return FleetAuthority.open(directory, () -> {
            Instant now = clock.instant();
            return now.isAfter(after) ? now : after.plusMillis(1);
        });
    }

    private List<String> storeUrls() {
        if (config.fleetStore().etcd() == null) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "The fleet store of host " + config.hostId()
                            + " is a file for exactly one host; configure fleet-store: {etcd: [URL]} before others join.");
        }
        return config.fleetStore().etcd().stream().map(URI::toString).toList();
    }

    @Override
    public HostInvited invite(InviteHost wanted) throws IOException {
        storeUrls();
        if (config.restAddress() == null) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "Host " + config.hostId() + " has no rest-address, so no host could ask it for a certificate.");
        }
        try {
            if (store.hosts().stream().anyMatch(host -> host.hostId().equals(wanted.host()))) {
                throw new Conflict(
                        ProblemCode.NAME_TAKEN,
                        "A living host has the id " + wanted.host() + "; choose another, or stop that one first.");
            }
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked which hosts there are: " + e.getMessage(), e);
        }
        Duration validity = wanted.minutes() == null ? Invitation.VALIDITY : Duration.ofMinutes(wanted.minutes());
        Invitation invitation = Invitation.make(
                authority(revokedAt(Role.HOST.text() + "/" + wanted.host()).orElse(Instant.EPOCH)),
                wanted.host(),
                validity,
                List.of(URI.create(config.scheme() + "://" + config.restAddress())));
        LOG.info(
                "host {} is invited until {}",
                wanted.host(),
                invitation.credentials().until());
        return new HostInvited(
                wanted.host(), invitation.token(), invitation.credentials().until(), invitation.fingerprint());
    }

    @Override
    public CertificateIssued certify(Caller caller, RequestCertificate request) throws IOException {
        PublicKey key = CertificateRequest.key(request.request());
        X509Certificate shown = caller.certificate();
        if (shown == null) {
            throw new Forbidden(
                    "A certificate is issued to the host that shows its own, and " + caller.subject() + " shows none.");
        }
        Identity identity = new Identity(authority(Instant.EPOCH).fleet(), Role.HOST, caller.name());
        Optional<Instant> revokedAt = revokedAt(identity.subject());
        requireGood(identity, shown, revokedAt);
        Issuance issuance = issuance(identity, caller, request, shown);
        FleetAuthority authority = authority(revokedAt.orElse(Instant.EPOCH));
        X509Certificate issued = authority.issue(issuance, key);
        serials.issued(identity.subject(), Serials.issuedAt(issued.getSerialNumber()));
        // Whoever revokes looks at what was issued after it has written: either it finds this, or it is found here.
        Optional<Instant> revokedMeanwhile = revokedAt(identity.subject());
        requireGood(identity, shown, revokedMeanwhile);
        if (!revokedMeanwhile.equals(revokedAt)) {
            throw new Forbidden(identity.subject() + " is revoked at this moment and gets no certificate.");
        }
        if (caller.role() == Role.JOIN) {
            useUp(caller, shown); // at last: its connection is ended by it within a second
        }
        LOG.info(
                "{} got a certificate, serial {}, valid until {}",
                issuance.identity().subject(),
                Serials.text(issued.getSerialNumber()),
                issued.getNotAfter().toInstant());
        return new CertificateIssued(
                FleetAuthority.text(List.of(issued)),
                authority.authorityPem(),
                caller.role() == Role.JOIN ? storeUrls() : List.of(),
                caller.role() == Role.JOIN ? shared(config) : Map.of());
    }

    /** Where notices come from and what VMs are connected to; the member's own addresses stay out. */
    static Map<String, Map<String, Object>> shared(HostdConfig config) {
        Map<String, Map<String, Object>> shared = new LinkedHashMap<>();
        if (config.cloud().driver() != CloudConfig.Driver.NONE) {
            shared.put("cloud", Map.of("driver", config.cloud().driver().toString()));
        }
        VmNetworkConfig network = config.vmNetwork();
        if (network != null) {
            Map<String, Object> keys = new LinkedHashMap<>();
            keys.put("subnet", network.subnet());
            if (network.isRouted()) {
                putIfThere(keys, "subnet6", network.subnet6());
                putIfThere(keys, "underlay", String.valueOf(network.underlay()));
                putIfThere(keys, "closed", network.closed());
            } else {
                putIfThere(keys, "bridge", network.bridge());
                putIfThere(keys, "gateway", network.gateway());
            }
            shared.put("vm-network", keys);
        }
        return shared;
    }

    private static void putIfThere(Map<String, Object> keys, String key, @Nullable Object value) {
        if (value != null && !value.equals(List.of())) {
            keys.put(key, value);
        }
    }

    /** Wrong addresses are said before an invitation is used up. */
    private static Issuance issuance(
            Identity identity, Caller caller, RequestCertificate request, X509Certificate shown) {
        List<String> addresses = caller.role() == Role.JOIN ? request.addresses() : addresses(shown);
        try {
            return new Issuance(identity, addresses, Issuance.HOST_VALIDITY);
        } catch (IllegalArgumentException e) {
            throw new BadRequest(
                    "The certificate of " + identity.subject() + " can't be made: " + e.getMessage() + ".");
        }
    }

    /** Neither a certificate nor an invitation from before a revocation of the host leads to a new certificate. */
    private static void requireGood(Identity identity, X509Certificate shown, Optional<Instant> revokedAt) {
        if (revokedAt.isPresent() && !Serials.issuedAt(shown.getSerialNumber()).isAfter(revokedAt.get())) {
            throw new Forbidden(identity.subject() + " was revoked, and what it shows is from before that; 'godwit host"
                    + " invite " + identity.name() + "' lets it join anew.");
        }
    }

    private Optional<Instant> revokedAt(String subject) {
        try {
            return store.revocations().stream()
                    .filter(one -> one.subject().equals(subject))
                    .map(Revocation::at)
                    .findFirst();
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked what is revoked: " + e.getMessage(), e);
        }
    }

    /** An invitation is good once: whoever revokes it first has it. */
    private void useUp(Caller caller, X509Certificate invitation) {
        try {
            if (!store.revoke(new Revocation(Serials.text(invitation.getSerialNumber()), clock.instant()))) {
                throw new Forbidden("The invitation of host " + caller.name()
                        + " was used already. If it was not by you, revoke host/" + caller.name()
                        + "; 'godwit host invite " + caller.name() + "' makes another.");
            }
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't note that the invitation is used: " + e.getMessage(), e);
        }
    }

    private static List<String> addresses(X509Certificate certificate) {
        try {
            return certificate.getSubjectAlternativeNames() == null
                    ? List.of()
                    : certificate.getSubjectAlternativeNames().stream()
                            .filter(name -> name.get(0) instanceof Integer type && ADDRESSES.contains(type))
                            .map(name -> Objects.toString(name.get(1)))
                            .toList();
        } catch (CertificateParsingException e) {
            throw new IllegalStateException("a certificate that was taken can't be read", e);
        }
    }

    @Override
    public List<Revoked> revocations() {
        try {
            return store.revocations().stream()
                    .map(one -> new Revoked(one.subject(), one.at()))
                    .toList();
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked what is revoked: " + e.getMessage(), e);
        }
    }

    /**
     * Revokes all that was issued until now, by whatever clock: newer than the newest certificate known of a host. One that is
     * issued meanwhile is looked for after the revocation is written.
     */
    @Override
    public Revoked revoke(Revoke wanted) {
        Revocation revocation = new Revocation(wanted.subject(), clock.instant());
        try {
            Instant newest = newest(revocation.subject(), revocation.at());
            Instant at;
            do {
                at = newest;
                store.revoke(new Revocation(revocation.subject(), at));
                newest = newest(revocation.subject(), at);
            } while (newest.isAfter(at));
            LOG.info("{} is revoked", revocation.subject());
            return new Revoked(
                    revocation.subject(), revokedAt(revocation.subject()).orElse(at));
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "The fleet store can't note that " + wanted.subject() + " is revoked: " + e.getMessage(), e);
        }
    }

    private Instant newest(String subject, Instant least) throws FleetStoreException {
        Instant issued = serials.newest(subject);
        return issued.isAfter(least) ? issued : least;
    }
}
