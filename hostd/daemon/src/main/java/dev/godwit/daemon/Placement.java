package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Host;
import dev.godwit.api.HostRole;
import dev.godwit.api.HostState;
import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.Vm;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a new VM is made: at its owner if its key names one that is there, else here, else at another host that has room.
 * Thread-safe.
 */
final class Placement {
    private static final Logger log = LoggerFactory.getLogger(Placement.class);

    /** What one host refuses and another may do. */
    private static final Set<ProblemCode> ELSEWHERE =
            Set.of(ProblemCode.NO_ROOM, ProblemCode.HOST_UNFIT, ProblemCode.NO_ACCELERATOR, ProblemCode.NO_BASE_IMAGE);

    /** So many hosts are asked one after the other; a caller waits for it. */
    private static final int HOSTS_ASKED_MAX = 16;

    /** Two hosts can get one key at the same moment; a third turn would be a record that changes again and again. */
    private static final int TURNS_MAX = 4;

    private static final int MADE = 201;

    private final Control control;
    private final Forwarder forwarder;

    Placement(Control control, Forwarder forwarder) {
        this.control = control;
        this.forwarder = forwarder;
    }

    /** A VM, and whether this request made it. */
    record Placed(Vm vm, boolean made) {
        int status() {
            return made ? MADE : 200;
        }
    }

    void create(ServerRequest request, ServerResponse response) throws IOException {
        CreateVm wanted = Bodies.json(request, CreateVm.class);
        for (int turn = 0; turn < TURNS_MAX; turn++) {
            if (wanted.key() != null && control.ownerOf(VmOrigin.vmId(wanted)) instanceof Owner.Remote owner) {
                forwarder.pass(request, Json.bytes(wanted), response, owner.host(), owner.restAddress());
                return;
            }
            try {
                Placed placed = control.createVm(wanted);
                Answers.json(response, placed.status(), placed.vm());
                return;
            } catch (OwnedElsewhere raced) {
                log.info("{}; the request goes there", raced.getMessage());
            } catch (Refused refused) {
                if (Forwarder.hops(request) > 0 || !ELSEWHERE.contains(refused.code())) {
                    throw refused;
                }
                elsewhere(request, response, wanted, refused);
                return;
            }
        }
        throw new Unavailable("VM " + wanted.name() + " goes from host to host faster than the request; try again.");
    }

    private void elsewhere(ServerRequest request, ServerResponse response, CreateVm wanted, Refused here)
            throws IOException {
        List<String> refusals = new ArrayList<>();
        for (OtherHost host : withRoom(wanted)) {
            try {
                HttpResponse<byte[]> answer = forwarder.ask(host, request, Json.bytes(wanted));
                if (answer.statusCode() < 300) {
                    Answers.document(response, answer.statusCode(), answer.body());
                    return;
                }
                if (isAboutTheRequest(answer.statusCode())) {
                    Answers.problem(response, answer.statusCode(), answer.body());
                    return;
                }
                refusals.add(host.id() + " answered " + answer.statusCode() + ": " + sentence(answer.body()));
            } catch (IOException notAsked) {
                refusals.add(host.id() + " took no connection: " + notAsked.getMessage());
            }
        }
        throw refusals.isEmpty()
                ? here
                : new Refused(here.code(), here.sentence() + " No other host takes it: " + refusals + ".");
    }

    /** What no host would do, or what there is already: that helps the caller more than that there is no room here. */
    private static boolean isAboutTheRequest(int status) {
        return status == ProblemCode.BAD_REQUEST.status() || status == ProblemCode.CONFLICT.status();
    }

    private static String sentence(byte[] problem) {
        try {
            return Json.read(problem, Problem.class).detail();
        } catch (BadRequest none) {
            return "and not why";
        }
    }

    /** Other hosts that could, the one with most free memory first. */
    private List<OtherHost> withRoom(CreateVm wanted) throws IOException {
        record Room(OtherHost host, long freeMib) {}

        List<Room> rooms = new ArrayList<>();
        for (OtherHost other :
                control.otherHosts().stream().limit(HOSTS_ASKED_MAX).toList()) {
            try {
                HttpResponse<byte[]> answer = forwarder.ask(other, "/v1/host");
                Host host = Json.read(answer.body(), Host.class);
                if (host.role() == HostRole.HOST
                        && host.state() == HostState.READY
                        && host.freeMemoryMib() >= wanted.memoryMib()) {
                    rooms.add(new Room(other, host.freeMemoryMib()));
                }
            } catch (IOException | BadRequest e) {
                log.warn("host {} does not say what room it has: {}", other.id(), e.getMessage());
            }
        }
        return rooms.stream()
                .sorted(Comparator.comparingLong(Room::freeMib).reversed())
                .map(Room::host)
                .toList();
    }
}
