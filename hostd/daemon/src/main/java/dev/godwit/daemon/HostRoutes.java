package dev.godwit.daemon;

import dev.godwit.api.BuildImage;
import dev.godwit.api.DrainRequest;
import dev.godwit.api.Image;
import dev.godwit.api.PushImage;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.List;

/** Hosts and the images on them. */
final class HostRoutes {
    private final Control control;
    private final Fleet fleet;

    HostRoutes(Control control, Fleet fleet) {
        this.control = control;
        this.fleet = fleet;
    }

    List<Route> routes() {
        return List.of(
                new Route("GET", "/v1/host", (request, response) -> Answers.json(response, 200, control.host())),
                new Route("POST", "/v1/host/drain", this::drain),
                new Route("GET", "/v1/hosts", (request, response) -> Answers.json(response, 200, control.hosts())),
                new Route(
                        "GET",
                        "/v1/hosts/{host}",
                        (request, response) -> fleet.atHost(
                                Parameters.path(request, "host"),
                                request,
                                response,
                                (here, answer) -> Answers.json(answer, 200, control.host()))),
                new Route(
                        "POST",
                        "/v1/hosts/{host}/drain",
                        (request, response) ->
                                fleet.atHost(Parameters.path(request, "host"), request, response, this::drain)),
                new Route(
                        "GET",
                        "/v1/capabilities",
                        (request, response) -> Answers.json(response, 200, control.capabilities())),
                new Route("GET", "/v1/images", this::images),
                new Route(
                        "POST",
                        "/v1/images",
                        (request, response) -> Answers.json(
                                response, 202, control.buildImage(Bodies.json(request, BuildImage.class)))),
                image(
                        "GET",
                        "/v1/images/{image}",
                        (request, response, image) -> Answers.json(response, 200, control.image(image))),
                image("POST", "/v1/images/{image}/push", this::push));
    }

    private interface ImageAction {
        void answer(ServerRequest request, ServerResponse response, String image) throws Exception;
    }

    private Route image(String method, String path, ImageAction action) {
        return new Route(method, path, (request, response) -> {
            String image = Parameters.path(request, "image");
            fleet.whereKnown(
                    "/v1/images/" + image, request, response, (here, answer) -> action.answer(here, answer, image));
        });
    }

    private void drain(ServerRequest request, ServerResponse response) throws IOException {
        DrainRequest wanted =
                request.content().hasEntity() ? Bodies.json(request, DrainRequest.class) : new DrainRequest(null);
        Answers.json(response, 202, control.drain(wanted));
    }

    private void images(ServerRequest request, ServerResponse response) throws IOException {
        Answers.json(
                response,
                200,
                fleet.together(
                        request,
                        control.images(),
                        "/v1/images",
                        Image.class,
                        image -> image.host() + " " + image.name() + " " + image.digest(),
                        (a, b) -> a));
    }

    /** The image is looked up first: {@link NotFound} for the image asks other hosts, one for the target does not. */
    private void push(ServerRequest request, ServerResponse response, String image) throws IOException {
        String digest = control.image(image).digest();
        PushImage wanted = Bodies.json(request, PushImage.class);
        try {
            Answers.json(response, 200, control.pushImage(digest == null ? image : digest, wanted.host()));
        } catch (NotFound target) {
            Problems.answer(request, response, target);
        }
    }
}
