package dev.godwit.daemon;

import dev.godwit.api.CertificateIssued;
import dev.godwit.api.HostInvited;
import dev.godwit.api.InviteHost;
import dev.godwit.api.RequestCertificate;
import dev.godwit.api.Revoke;
import dev.godwit.api.Revoked;
import dev.godwit.tls.Revocation;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Certificates that nobody signs. */
final class FakePki implements FleetPki {
    private final String host;
    private final List<Revoked> revoked = new CopyOnWriteArrayList<>();

    FakePki(String host) {
        this.host = host;
    }

    @Override
    public String issuer() {
        return host;
    }

    @Override
    public HostInvited invite(InviteHost wanted) {
        return new HostInvited(wanted.host(), "godwit1.token", Instant.EPOCH, "00");
    }

    @Override
    public CertificateIssued certify(Caller caller, RequestCertificate request) {
        return new CertificateIssued("certificate for " + caller.subject(), "authority", List.of(), Map.of());
    }

    @Override
    public List<Revoked> revocations() {
        return List.copyOf(revoked);
    }

    @Override
    public Revoked revoke(Revoke wanted) {
        Revoked now = new Revoked(new Revocation(wanted.subject(), Instant.EPOCH).subject(), Instant.EPOCH);
        revoked.add(now);
        return now;
    }
}
