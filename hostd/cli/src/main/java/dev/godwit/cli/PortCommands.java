package dev.godwit.cli;

import dev.godwit.api.PortProtocol;
import dev.godwit.api.PublishPort;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code godwit net publish|unpublish|ports}. */
final class PortCommands {
    private final Session session;
    private final Fleet fleet;

    PortCommands(Session session) {
        this.session = session;
        this.fleet = session.fleet();
    }

    void publish(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("net publish", line, Set.of(), Set.of("--udp"));
        List<String> words = arguments.words("VM", "PUBLIC:PORT");
        String[] ports = words.get(1).split(":", -1);
        if (ports.length != 2) {
            throw Failure.usage("net publish " + words.get(1)
                    + " is not PUBLIC:PORT, the public port and the VM's, such as 8080:80.");
        }
        PublishPort wanted = wanted(ports[0], ports[1], arguments.flag("--udp"));
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("publicPort", wanted.publicPort());
        body.put("vmPort", wanted.vmPort());
        body.put("protocol", wanted.protocol().toString());
        byte[] document = fleet.document(
                fleet.repeatable(Request.post(path(words.get(0)), Json.bytes(body)), Fleet.ANSWER_MILLIS));
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> port = Json.object(document);
        String at = addresses(port);
        session.out()
                .println(wanted.protocol() + " port " + wanted.publicPort()
                        + (at.isEmpty() ? " (no edge is alive)" : " of " + at) + " leads to port " + wanted.vmPort()
                        + " of " + words.get(0));
    }

    void unpublish(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("net unpublish", line, Set.of(), Set.of("--udp"));
        List<String> words = arguments.words("VM", "PUBLIC");
        PublishPort port = wanted(words.get(1), "1", arguments.flag("--udp"));
        fleet.remove(path(words.get(0)) + "/" + port.protocol() + "/" + port.publicPort(), Fleet.ANSWER_MILLIS);
        if (session.json()) {
            session.document(Json.bytes(Map.of("unpublished", port.protocol() + "/" + port.publicPort())));
        } else {
            session.out().println(port.protocol() + " port " + port.publicPort() + " leads to no VM any more");
        }
    }

    void list(List<String> line) throws Failure, IOException {
        String name =
                new Arguments("net ports", line, Set.of(), Set.of()).words("VM").get(0);
        byte[] document = fleet.get(path(name));
        if (session.json()) {
            session.document(document);
            return;
        }
        Table table = new Table("PROTOCOL", "PUBLIC", "VM PORT", "ADDRESSES");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> port = Json.asObject(element);
            table.row(
                    Json.text(port, "protocol"),
                    Json.text(port, "publicPort"),
                    Json.text(port, "vmPort"),
                    addresses(port));
        }
        session.out().print(table);
    }

    private static PublishPort wanted(String publicPort, String vmPort, boolean udp) throws Failure {
        try {
            return new PublishPort(
                    Integer.parseInt(publicPort), Integer.parseInt(vmPort), udp ? PortProtocol.UDP : PortProtocol.TCP);
        } catch (NumberFormatException e) {
            throw new Failure(Failure.USAGE, "\"" + publicPort + "\" and \"" + vmPort + "\" are not both ports.", e);
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.USAGE, e.getMessage() + ".", e);
        }
    }

    private static String path(String vm) {
        return "/v1/vms/" + Session.encoded(vm) + "/ports";
    }

    private static String addresses(Map<String, @Nullable Object> port) {
        return port.get("publicAddresses") instanceof List<?> list
                ? list.stream().map(String::valueOf).collect(Collectors.joining(", "))
                : "";
    }
}
