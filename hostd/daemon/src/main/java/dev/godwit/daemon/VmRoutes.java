package dev.godwit.daemon;

import dev.godwit.api.LeaseRenewal;
import dev.godwit.api.Move;
import dev.godwit.api.MoveRequest;
import dev.godwit.api.MoveStarted;
import dev.godwit.api.PortProtocol;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.PublishPort;
import dev.godwit.api.Vm;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** VMs and their moves. */
final class VmRoutes {
    private static final int MODE_MAX = 07777;
    private static final String MODE_DEFAULT = "644";

    private final Control control;
    private final Fleet fleet;
    private final Placement placement;

    VmRoutes(Control control, Fleet fleet, Placement placement) {
        this.control = control;
        this.fleet = fleet;
        this.placement = placement;
    }

    List<Route> routes() {
        return List.of(
                new Route("GET", "/v1/vms", this::list),
                new Route("POST", "/v1/vms", placement::create),
                new Route("GET", "/v1/vms/{vm}", this::show),
                new Route("DELETE", "/v1/vms/{vm}", this::delete),
                vm(
                        "POST",
                        "/v1/vms/{vm}/stop",
                        (request, response, vm) -> Answers.json(response, 200, control.stopVm(vm))),
                new Route(
                        "POST",
                        "/v1/vms/{vm}/claim",
                        (request, response) ->
                                Answers.json(response, 200, control.claimVm(Parameters.path(request, "vm")))),
                vm(
                        "POST",
                        "/v1/vms/{vm}/export",
                        (request, response, vm) -> Answers.json(response, 200, control.exportDisk(vm))),
                vm(
                        "GET",
                        "/v1/vms/{vm}/console",
                        (request, response, vm) ->
                                Answers.stream(response, "text/plain; charset=utf-8", control.console(vm))),
                vm("POST", "/v1/vms/{vm}/lease", this::renewLease),
                vm(
                        "GET",
                        "/v1/vms/{vm}/ports",
                        (request, response, vm) ->
                                Answers.json(response, 200, control.ports().of(control.vm(vm)))),
                vm(
                        "POST",
                        "/v1/vms/{vm}/ports",
                        (request, response, vm) -> Answers.json(
                                response,
                                200,
                                control.ports().publish(control.vm(vm), Bodies.json(request, PublishPort.class)))),
                vm("DELETE", "/v1/vms/{vm}/ports/{protocol}/{port}", this::unpublish),
                vm("PUT", "/v1/vms/{vm}/files", this::putFile),
                vm(
                        "GET",
                        "/v1/vms/{vm}/files",
                        (request, response, vm) -> Answers.file(response, control.getFile(vm, filePath(request)))),
                vm("POST", "/v1/vms/{vm}/move", this::move),
                new Route("GET", "/v1/moves", this::moves),
                new Route("GET", "/v1/moves/{move}", this::moveRecord));
    }

    private interface VmAction {
        void answer(ServerRequest request, ServerResponse response, String vm) throws Exception;
    }

    private Route vm(String method, String path, VmAction action) {
        return new Route(method, path, (request, response) -> {
            String vm = Parameters.path(request, "vm");
            fleet.atOwner(vm, request, response, (here, answer) -> action.answer(here, answer, vm));
        });
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        List<Vm> vms = fleet.together(
                request, control.vms(), "/v1/vms", Vm.class, Vm::id, (a, b) -> a.fence() >= b.fence() ? a : b);
        if (Forwarder.hops(request) == 0) {
            Set<String> told = vms.stream().map(Vm::id).collect(Collectors.toSet());
            control.recordedVms().stream().filter(vm -> !told.contains(vm.id())).forEach(vms::add);
        }
        Answers.json(response, 200, VmFilter.of(request).of(vms));
    }

    /** A VM whose host is gone or silent is shown by its record. */
    private void show(ServerRequest request, ServerResponse response) throws Exception {
        String vm = Parameters.path(request, "vm");
        Owner owner;
        try {
            owner = control.ownerOf(vm);
        } catch (Unavailable | Conflict gone) {
            Answers.json(response, 200, control.recordedVm(vm).orElseThrow(() -> gone));
            return;
        }
        if (!(owner instanceof Owner.Remote remote)) {
            Answers.json(response, 200, control.vm(vm));
        } else if (Forwarder.hops(request) > 0) {
            fleet.atOwner(vm, request, response, (here, answer) -> Answers.json(answer, 200, control.vm(vm)));
        } else if (!fleet.answered(remote, request, response)) {
            Answers.json(
                    response,
                    200,
                    control.recordedVm(vm)
                            .orElseThrow(() -> new NotFound("There is no VM \"" + vm + "\" in the fleet any more.")));
        }
    }

    private void renewLease(ServerRequest request, ServerResponse response, String vm) throws IOException {
        LeaseRenewal renewal =
                request.content().hasEntity() ? Bodies.json(request, LeaseRenewal.class) : new LeaseRenewal(null);
        Answers.json(response, 200, control.renewLease(vm, renewal));
    }

    /** With {@code force=true} a VM of an owner that is gone for good is ended by any host. */
    private void delete(ServerRequest request, ServerResponse response) throws Exception {
        String vm = Parameters.path(request, "vm");
        if (Parameters.flag(request, "force") && control.writeOff(vm)) {
            Answers.nothing(response);
            return;
        }
        try {
            fleet.atOwner(vm, request, response, (here, answer) -> {
                control.deleteVm(vm);
                Answers.nothing(answer);
            });
        } catch (Conflict lost) {
            if (lost.code() != ProblemCode.VM_LOST || !control.removeLost(vm)) {
                throw lost;
            }
            Answers.nothing(response);
        }
    }

    private void unpublish(ServerRequest request, ServerResponse response, String vm) throws IOException {
        String protocol = Parameters.path(request, "protocol");
        String port = Parameters.path(request, "port");
        PublishPort published;
        try {
            published =
                    new PublishPort(Integer.parseInt(port), 1, PortProtocol.valueOf(protocol.toUpperCase(Locale.ROOT)));
        } catch (IllegalArgumentException e) {
            throw new BadRequest(
                    protocol + "/" + port + " is not tcp or udp and a port of 1 to 65535: " + e.getMessage() + ".");
        }
        control.ports().unpublish(control.vm(vm), published.protocol(), published.publicPort());
        Answers.nothing(response);
    }

    private void move(ServerRequest request, ServerResponse response, String vm) throws IOException {
        MoveRequest wanted = Bodies.json(request, MoveRequest.class);
        Answers.json(
                response,
                202,
                new MoveStarted(control.startMove(vm, wanted.target()).id()));
    }

    private void moves(ServerRequest request, ServerResponse response) throws IOException {
        List<Move> moves =
                fleet.together(request, control.moves(), "/v1/moves", Move.class, Move::id, VmRoutes::fuller);
        Answers.json(response, 200, moves);
    }

    private void moveRecord(ServerRequest request, ServerResponse response) throws Exception {
        String move = Parameters.path(request, "move");
        fleet.whereKnown(
                "/v1/moves/" + move,
                request,
                response,
                (here, answer) -> Answers.json(answer, 200, control.move(move)));
    }

    /** Source and target both keep a record; the one that saw more states is newer, and the source's knows the bytes. */
    private static Move fuller(Move a, Move b) {
        if (a.states().size() != b.states().size()) {
            return a.states().size() > b.states().size() ? a : b;
        }
        return a.bytesSent() != null ? a : b;
    }

    private void putFile(ServerRequest request, ServerResponse response, String vm) throws IOException {
        String path = filePath(request);
        String mode = Parameters.query(request, "mode").orElse(MODE_DEFAULT);
        int bits;
        try {
            bits = Integer.parseInt(mode, 8);
        } catch (NumberFormatException e) {
            throw new BadRequest("mode=" + mode + " is not an octal number such as 644.");
        }
        if (bits < 0 || bits > MODE_MAX) {
            throw new BadRequest("mode=" + mode + " is not between 0 and 7777 (octal).");
        }
        try (InputStream body = Bodies.raw(request, Bodies.FILE_BYTES_MAX)) {
            control.putFile(vm, path, bits, body);
        }
        Answers.nothing(response);
    }

    private static String filePath(ServerRequest request) {
        String path = Parameters.needed(request, "path");
        if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
            throw new BadRequest("path=" + path + " is not an absolute path in the guest.");
        }
        return path;
    }
}
