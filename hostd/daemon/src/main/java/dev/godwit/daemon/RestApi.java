package dev.godwit.daemon;

import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All routes of the REST API, as {@code openapi.yaml} in {@code hostd/api} describes them. Thread-safe. */
final class RestApi implements AutoCloseable {
    private final Forwarder forwarder;
    private final Access access;
    private final Metrics metrics;
    private final List<Route> routes;

    RestApi(Control control, EventLog events, Metrics metrics, InstantSource clock) {
        this(control, events, metrics, clock, new Access(null), null);
    }

    /**
     * Puts the routes together.
     *
     * @param tls who this host is to others; null: without TLS
     */
    RestApi(
            Control control,
            EventLog events,
            Metrics metrics,
            InstantSource clock,
            Access access,
            @Nullable HostTls tls) {
        this.forwarder = new Forwarder(access, tls);
        this.access = access;
        this.metrics = metrics;
        Fleet fleet = new Fleet(control, forwarder);
        this.routes = Stream.of(
                        new VmRoutes(control, fleet, new Placement(control, forwarder)).routes(),
                        new ExecRoutes(control, fleet).routes(),
                        new HostRoutes(control, fleet).routes(),
                        new NetworkRoutes(control, fleet).routes(),
                        new TrafficRoutes(control, fleet).routes(),
                        new EventRoutes(control, events, forwarder::events, clock).routes(),
                        new PkiRoutes(control.pki(), fleet, access).routes(),
                        metrics.routes())
                .flatMap(List::stream)
                .toList();
    }

    List<Route> routes() {
        return routes;
    }

    /** Fresh for each listener. */
    HttpRouting.Builder routing() {
        HttpRouting.Builder routing = HttpRouting.builder();
        for (Route route : routes) {
            routing.route(
                    Method.create(route.method()),
                    route.path(),
                    (request, response) -> answer(route, request, response));
        }
        return routing.any(this::noRoute);
    }

    private void answer(Route route, ServerRequest request, ServerResponse response) {
        try {
            access.require(route, request);
            route.action().answer(request, response);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Problems.answer(request, response, new Unavailable("hostd stops. Try again, or ask another host.", e));
        } catch (UncheckedIOException e) {
            if (response.isSent()) {
                throw e; // the client is gone; the server closes the connection
            }
            Problems.answer(request, response, e);
        } catch (Exception e) {
            Problems.answer(request, response, e);
        } finally {
            metrics.count(route, response.status().code());
        }
    }

    private void noRoute(ServerRequest request, ServerResponse response) {
        String path = request.path().path();
        List<Route> here = routes.stream().filter(route -> route.takes(path)).toList();
        if (here.isEmpty()) {
            List<String> paths = routes.stream().map(Route::path).distinct().toList();
            Answers.problem(
                    response,
                    Problem.of(
                            ProblemCode.NO_SUCH_ROUTE,
                            "There is nothing at " + path
                                    + Nearest.of(path, paths)
                                            .map(nearest -> "; did you mean " + nearest + "?")
                                            .orElse(
                                                    "; the API begins at /v1/vms, /v1/hosts, /v1/images, /v1/events.")));
            return;
        }
        String allowed = here.stream().map(Route::method).collect(Collectors.joining(", "));
        response.header(HeaderNames.ALLOW, allowed);
        Answers.problem(
                response,
                Problem.of(
                        ProblemCode.METHOD_NOT_ALLOWED,
                        path + " does not take " + request.prologue().method().text() + "; it takes " + allowed + "."));
    }

    @Override
    public void close() {
        forwarder.close();
    }
}
