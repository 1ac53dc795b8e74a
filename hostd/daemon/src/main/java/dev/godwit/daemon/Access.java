package dev.godwit.daemon;

import dev.godwit.tls.Role;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.ProxyProtocolV2Data;
import io.helidon.webserver.http.ServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who asks, and whether they may: the one place. Over the unix socket, and over plain TCP in a lab, everybody is root. Over TLS
 * the certificate says who it is; a host may ask for somebody, whom it names, with that one's role. Thread-safe.
 */
final class Access {
    /** Set by the host that passes a request on; from anybody but a host it means nothing. */
    static final HeaderName CALLER = HeaderNames.create("Godwit-Caller");

    private final @Nullable Guests guests;

    /** @param guests those who came over TLS; null where there is none */
    Access(@Nullable Guests guests) {
        this.guests = guests;
    }

    /** Who asks. */
    Caller caller(ServerRequest request) {
        if (guests == null || request.proxyProtocolData().isEmpty()) {
            return Caller.LOCAL;
        }
        Guests.Guest guest = request.proxyProtocolData()
                .flatMap(data -> data instanceof ProxyProtocolV2Data v2 ? guestId(v2) : Optional.empty())
                .flatMap(guests::find)
                .orElseThrow(
                        () -> new Forbidden("The connection is being closed; its certificate is no longer taken."));
        Caller shown = new Caller(guest.identity().role(), guest.identity().name(), guest.certificate());
        return shown.role() == Role.HOST
                ? request.headers()
                        .first(CALLER)
                        .map(text -> named(shown, text))
                        .orElse(shown)
                : shown;
    }

    private static Optional<String> guestId(ProxyProtocolV2Data data) {
        return data.tlvs().stream()
                .filter(tlv -> tlv.type() == ProxyHeader.GUEST)
                .map(tlv -> (ProxyProtocolV2Data.Tlv.Unregistered) tlv)
                .map(tlv -> new String(tlv.value(), StandardCharsets.US_ASCII))
                .findFirst();
    }

    private static Caller named(Caller host, String text) {
        int slash = text.indexOf('/');
        try {
            Role role = Role.of(text.substring(0, Math.max(0, slash)));
            if (role.authority() == Role.Authority.CLIENTS) {
                return new Caller(role, text.substring(slash + 1), null);
            }
        } catch (IllegalArgumentException e) {
            throw new BadRequest(
                    "Host " + host.name() + " passed a request on for \"" + text + "\": " + e.getMessage() + ".");
        }
        throw new Forbidden(
                "Host " + host.name() + " passed a request on for " + text + "; only people's and CI systems' are.");
    }

    /**
     * Lets a request through.
     *
     * @throws Forbidden its caller may not
     */
    void require(Route route, ServerRequest request) {
        String row = route.method() + " " + route.path();
        String forced = row + "?force=true";
        boolean force = RouteRoles.rows().containsKey(forced) && Parameters.flag(request, "force");
        Set<Role> allowed = RouteRoles.allowed(force ? forced : row);
        Caller caller = caller(request);
        if (!allowed.contains(caller.role())) {
            throw new Forbidden(caller.subject() + " may not " + route.method() + " "
                    + request.path().path() + (force ? "?force=true" : "") + "; it needs the role "
                    + allowed.stream().map(Role::text).sorted().collect(Collectors.joining(" or "))
                    + ". 'godwit pki issue --role ROLE' makes a certificate with another one.");
        }
    }
}
