package dev.godwit.daemon;

import static dev.godwit.tls.Role.AGENT_BROKER;
import static dev.godwit.tls.Role.HOST;
import static dev.godwit.tls.Role.JOIN;
import static dev.godwit.tls.Role.OPERATOR;
import static dev.godwit.tls.Role.VIEWER;

import dev.godwit.tls.Role;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which role may do what: the one table, and {@link Access} the one place that asks it. docs/security.md shows it, and a test
 * holds the two together. What a VM says (output, files, console) is its owner's and needs more than a look at the fleet.
 */
final class RouteRoles {
    private RouteRoles() {}

    private static final Set<Role> MEMBERS = EnumSet.of(HOST, JOIN);

    private static final Map<String, Set<Role>> ROWS = new LinkedHashMap<>();

    static {
        row(VIEWER, "GET /v1/vms", "GET /v1/vms/{vm}", "GET /v1/moves", "GET /v1/moves/{move}");
        row(VIEWER, "GET /v1/host", "GET /v1/hosts", "GET /v1/hosts/{host}", "GET /v1/capabilities");
        row(VIEWER, "GET /v1/images", "GET /v1/images/{image}", "GET /v1/events", "GET /metrics");
        row(VIEWER, "GET /v1/pki/revocations", "GET /v1/networks", "GET /v1/networks/{project}", "GET /v1/traffic");
        row(VIEWER, "GET /v1/vms/{vm}/ports");
        row(AGENT_BROKER, "POST /v1/vms", "DELETE /v1/vms/{vm}", "POST /v1/vms/{vm}/stop", "POST /v1/vms/{vm}/lease");
        row(AGENT_BROKER, "GET /v1/vms/{vm}/console", "GET /v1/vms/{vm}/files", "PUT /v1/vms/{vm}/files");
        row(AGENT_BROKER, "POST /v1/vms/{vm}/exec", "GET /v1/vms/{vm}/exec/{exec}");
        row(AGENT_BROKER, "GET /v1/vms/{vm}/exec/{exec}/output", "POST /v1/vms/{vm}/exec/{exec}/stdin");
        row(AGENT_BROKER, "POST /v1/vms/{vm}/exec/{exec}/signal");
        row(AGENT_BROKER, "GET /v1/vms/{vm}/flows");
        row(OPERATOR, "DELETE /v1/vms/{vm}?force=true", "POST /v1/vms/{vm}/export", "POST /v1/vms/{vm}/move");
        row(OPERATOR, "POST /v1/vms/{vm}/claim", "GET /v1/vms/{vm}/capture");
        row(OPERATOR, "PUT /v1/networks/{project}", "DELETE /v1/networks/{project}");
        row(OPERATOR, "POST /v1/vms/{vm}/ports", "DELETE /v1/vms/{vm}/ports/{protocol}/{port}");
        row(OPERATOR, "POST /v1/host/drain", "POST /v1/hosts/{host}/drain");
        row(OPERATOR, "POST /v1/images", "POST /v1/images/{image}/push");
        row(OPERATOR, "POST /v1/pki/invitations", "POST /v1/pki/revocations");
        ROWS.put("POST /v1/pki/certificates", MEMBERS);
    }

    private static void row(Role least, String... routes) {
        Set<Role> allowed = EnumSet.allOf(Role.class).stream()
                .filter(role -> role.allows(least))
                .collect(Collectors.toSet());
        for (String route : routes) {
            ROWS.put(route, allowed);
        }
    }

    /** The rows in the order in which they are shown: {@code METHOD PATH}, with {@code ?force=true} where that counts. */
    static Map<String, Set<Role>> rows() {
        return Map.copyOf(ROWS);
    }

    /** Who may do it; a route without a row is the operator's alone. */
    static Set<Role> allowed(String route) {
        return ROWS.getOrDefault(route, EnumSet.of(OPERATOR));
    }
}
