package dev.godwit.daemon;

import dev.godwit.api.HostTraffic;
import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Networks of projects, and what the hosts' data planes have counted. */
final class NetworkRoutes {
    private static final HeaderName IF_MATCH = HeaderNames.create("If-Match");
    private static final HeaderName IF_NONE_MATCH = HeaderNames.create("If-None-Match");
    private static final Pattern TAG = Pattern.compile("\"(\\d{1,18})\"");

    private final Control control;
    private final Fleet fleet;

    NetworkRoutes(Control control, Fleet fleet) {
        this.control = control;
        this.fleet = fleet;
    }

    List<Route> routes() {
        return List.of(
                new Route(
                        "GET",
                        "/v1/networks",
                        (request, response) ->
                                Answers.json(response, 200, control.networks().all())),
                new Route("GET", "/v1/networks/{project}", this::show),
                new Route("PUT", "/v1/networks/{project}", this::put),
                new Route("DELETE", "/v1/networks/{project}", this::delete),
                new Route("GET", "/v1/traffic", this::traffic));
    }

    private void show(ServerRequest request, ServerResponse response) {
        answer(response, 200, control.networks().of(Parameters.path(request, "project")));
    }

    private void put(ServerRequest request, ServerResponse response) throws IOException {
        String project = Parameters.path(request, "project");
        NetworkSettings settings = Bodies.json(request, NetworkSettings.class);
        Networks.Written written = control.networks().put(project, settings, expected(request, project));
        answer(response, written.made() ? 201 : 200, written.network());
    }

    private void delete(ServerRequest request, ServerResponse response) {
        String project = Parameters.path(request, "project");
        control.networks().delete(project, expected(request, project));
        Answers.nothing(response);
    }

    private static void answer(ServerResponse response, int status, Network network) {
        response.header(HeaderNames.ETAG, "\"" + network.revision() + "\"");
        Answers.json(response, status, network);
    }

    /** The revision that the request wants; 0: that nobody has made it. Source: RFC 9110, section 13. */
    private OptionalLong expected(ServerRequest request, String project) {
        Optional<String> match = request.headers().first(IF_MATCH).map(String::strip);
        Optional<String> noneMatch = request.headers().first(IF_NONE_MATCH).map(String::strip);
        if (match.isPresent() && noneMatch.isPresent()) {
            throw new BadRequest("If-Match and If-None-Match don't go together; send the one or the other.");
        }
        if (noneMatch.isPresent()) {
            if (!noneMatch.get().equals("*")) {
                throw new BadRequest("If-None-Match: " + noneMatch.get() + " is not *.");
            }
            return OptionalLong.of(0);
        }
        if (match.isEmpty()) {
            return OptionalLong.empty();
        }
        if (match.get().equals("*")) {
            return OptionalLong.of(control.networks().of(project).revision());
        }
        Matcher tag = TAG.matcher(match.get());
        if (!tag.matches()) {
            throw new BadRequest("If-Match: " + match.get() + " is not an ETag of a network, such as \"17\".");
        }
        return OptionalLong.of(Long.parseLong(tag.group(1)));
    }

    private void traffic(ServerRequest request, ServerResponse response) throws IOException {
        Answers.json(
                response,
                200,
                fleet.together(
                        request,
                        control.traffic().counts().stream().toList(),
                        "/v1/traffic",
                        HostTraffic.class,
                        HostTraffic::host,
                        (a, b) -> a));
    }
}
