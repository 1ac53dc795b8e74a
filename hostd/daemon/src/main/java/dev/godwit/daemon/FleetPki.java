package dev.godwit.daemon;

import dev.godwit.api.CertificateIssued;
import dev.godwit.api.HostInvited;
import dev.godwit.api.InviteHost;
import dev.godwit.api.RequestCertificate;
import dev.godwit.api.Revoke;
import dev.godwit.api.Revoked;
import java.io.IOException;
import java.util.List;

/** Certificates of the fleet as REST reaches them. */
interface FleetPki {
    /**
     * A host that holds the key of the authority for hosts; this one if it does.
     *
     * @throws Refused there is none
     */
    String issuer() throws IOException;

    /** Invites a host; for the issuer. */
    HostInvited invite(InviteHost wanted) throws IOException;

    /** A certificate for the host that asks, or that was invited, once; for the issuer. */
    CertificateIssued certify(Caller caller, RequestCertificate request) throws IOException;

    /** What is revoked, by subject. */
    List<Revoked> revocations() throws IOException;

    /** Revokes. */
    Revoked revoke(Revoke wanted) throws IOException;
}
