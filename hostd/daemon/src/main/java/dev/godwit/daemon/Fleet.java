package dev.godwit.daemon;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all hosts know together: a request is answered here, by the owner, or from the answers of all. Thread-safe. */
final class Fleet {
    private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);

    private final Control control;
    private final Forwarder forwarder;

    Fleet(Control control, Forwarder forwarder) {
        this.control = control;
        this.forwarder = forwarder;
    }

    /** Answers here when this host owns the VM or nobody knows it, else passes the request on to the owner. */
    void atOwner(String vm, ServerRequest request, ServerResponse response, Route.Action here) throws Exception {
        if (control.ownerOf(vm) instanceof Owner.Remote owner) {
            forwarder.pass(request, response, owner.host(), owner.restAddress());
        } else {
            here.answer(request, response);
        }
    }

    /** Answers with what the owner answers by itself; false, and nothing was answered, where it is silent. */
    boolean answered(Owner.Remote owner, ServerRequest request, ServerResponse response) {
        HttpResponse<byte[]> answer;
        try {
            answer = forwarder.ask(
                    new OtherHost(owner.host(), owner.restAddress()),
                    request.path().rawPath());
        } catch (IOException e) {
            LOG.warn(
                    "Host {} did not answer GET {} ({})",
                    owner.host(),
                    request.path().rawPath(),
                    e.toString());
            return false;
        }
        response.status(answer.statusCode())
                .header(
                        HeaderNames.CONTENT_TYPE,
                        answer.headers().firstValue("Content-Type").orElse("application/json"))
                .send(answer.body());
        return true;
    }

    /** Answers here, or, when this host does not know what it is about, at the first other host that does. */
    void whereKnown(String question, ServerRequest request, ServerResponse response, Route.Action here)
            throws Exception {
        try {
            here.answer(request, response);
        } catch (NotFound unknownHere) {
            Optional<OtherHost> knows = Forwarder.hops(request) > 0 ? Optional.empty() : firstThatAnswers(question);
            if (knows.isEmpty()) {
                throw unknownHere;
            }
            forwarder.pass(request, response, knows.get().id(), knows.get().restAddress());
        }
    }

    /** Answers here when {@code host} is this one, else at that host. */
    void atHost(String host, ServerRequest request, ServerResponse response, Route.Action here) throws Exception {
        if (host.equals(control.hostId())) {
            here.answer(request, response);
            return;
        }
        List<OtherHost> others = control.otherHosts();
        OtherHost named = others.stream()
                .filter(other -> other.id().equals(host))
                .findFirst()
                .orElseThrow(() -> new NotFound(
                        "There is no living host \"" + host + "\" with a REST address; there are " + control.hostId()
                                + " and " + others.stream().map(OtherHost::id).toList() + "."));
        forwarder.pass(request, response, named.id(), named.restAddress());
    }

    /**
     * This host's list and those of the others, each thing once, in a list of the caller's own. A host that does not answer is
     * left out and logged: of its things this knows nothing.
     *
     * @param better which of two records of the same thing to keep
     */
    <T> List<T> together(
            ServerRequest request,
            List<T> own,
            String path,
            Class<T> shape,
            Function<T, String> identity,
            BinaryOperator<T> better)
            throws IOException {
        Map<String, T> things = new LinkedHashMap<>();
        own.forEach(thing -> things.merge(identity.apply(thing), thing, better));
        if (Forwarder.hops(request) == 0) {
            for (OtherHost other : control.otherHosts()) {
                listOf(other, path, shape).forEach(thing -> things.merge(identity.apply(thing), thing, better));
            }
        }
        return new ArrayList<>(things.values());
    }

    private <T> List<T> listOf(OtherHost other, String path, Class<T> shape) {
        try {
            HttpResponse<byte[]> answer = forwarder.ask(other, path);
            if (answer.statusCode() == 200) {
                return Json.readList(answer.body(), shape);
            }
            LOG.warn("Host {} answered {} to GET {}; its part is left out", other.id(), answer.statusCode(), path);
        } catch (IOException e) {
            LOG.warn("Host {} did not answer GET {} ({}); its part is left out", other.id(), path, e.toString());
        }
        return List.of();
    }

    private Optional<OtherHost> firstThatAnswers(String question) throws IOException {
        for (OtherHost other : control.otherHosts()) {
            try {
                if (forwarder.ask(other, question).statusCode() == 200) {
                    return Optional.of(other);
                }
            } catch (IOException e) {
                LOG.warn("Host {} did not answer GET {} ({}); the next is asked", other.id(), question, e.toString());
            }
        }
        return Optional.empty();
    }
}
