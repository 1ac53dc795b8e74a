package dev.godwit.daemon;

import dev.godwit.api.InviteHost;
import dev.godwit.api.RequestCertificate;
import dev.godwit.api.Revoke;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.List;

/** Certificates: invitations, renewals, revocations. */
final class PkiRoutes {
    private final FleetPki pki;
    private final Fleet fleet;
    private final Access access;

    PkiRoutes(FleetPki pki, Fleet fleet, Access access) {
        this.pki = pki;
        this.fleet = fleet;
        this.access = access;
    }

    List<Route> routes() {
        return List.of(
                new Route("POST", "/v1/pki/invitations", this::invite),
                new Route("POST", "/v1/pki/certificates", this::certify),
                new Route(
                        "GET",
                        "/v1/pki/revocations",
                        (request, response) -> Answers.json(response, 200, pki.revocations())),
                new Route(
                        "POST",
                        "/v1/pki/revocations",
                        (request, response) ->
                                Answers.json(response, 201, pki.revoke(Bodies.json(request, Revoke.class)))));
    }

    private void invite(ServerRequest request, ServerResponse response) throws Exception {
        fleet.atHost(
                pki.issuer(),
                request,
                response,
                (here, answer) -> Answers.json(answer, 201, pki.invite(Bodies.json(here, InviteHost.class))));
    }

    /** Never passed on: who asks is what its own connection shows. */
    private void certify(ServerRequest request, ServerResponse response) throws IOException {
        Answers.json(
                response, 201, pki.certify(access.caller(request), Bodies.json(request, RequestCertificate.class)));
    }
}
