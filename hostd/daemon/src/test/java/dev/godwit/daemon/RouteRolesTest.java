package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.tls.Role;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every route × every role: the table, what is served, and what the documentation says. */
class RouteRolesTest {
    @TempDir
    Path directory;

    private Set<String> served() throws Exception {
        EventLog log = EventLog.open(directory.resolve("events"), "host-a", InstantSource.system());
        Set<String> served = new TreeSet<>();
        try (RestApi rest = new RestApi(
                new FakeControl("host-a", new FakeFleet(), log),
                log,
                new Metrics(new PrometheusRegistry()),
                InstantSource.system())) {
            rest.routes().forEach(route -> served.add(route.method() + " " + route.path()));
        }
        return served;
    }

    @Test
    void everyRouteHasARowAndEveryRowARoute() throws Exception {
        Set<String> rows = RouteRoles.rows().keySet().stream()
                .map(row -> row.replace("?force=true", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(rows).isEqualTo(served());
    }

    @Test
    void aRouteWithoutARowIsTheOperatorsAlone() {
        assertThat(RouteRoles.allowed("POST /v1/new")).containsExactly(Role.OPERATOR);
    }

    @Test
    void theDocumentationShowsTheTable() throws Exception {
        Map<String, String> shown = new TreeMap<>();
        Path page = Path.of(System.getProperty("godwit.root"), "docs/security.md");
        for (String line : Files.readAllLines(page)) {
            if (line.matches("\\| `(GET|POST|PUT|DELETE) .*")) {
                String[] cells = line.split("\\|", -1);
                shown.put(cells[1].strip().replace("`", ""), cells[2].strip());
            }
        }
        Map<String, String> rows = new TreeMap<>();
        RouteRoles.rows()
                .forEach((row, roles) -> rows.put(
                        row, EnumSet.copyOf(roles).stream().map(Role::text).collect(Collectors.joining(", "))));
        assertThat(shown).isEqualTo(rows);
    }

    @Test
    void eachRoleMayDoWhatItsRowsSayAndNothingElse() throws Exception {
        try (SecureHost host = SecureHost.open("host-a", new FakeFleet(), directory)) {
            List<String> wrong = new ArrayList<>();
            for (Role role : EnumSet.complementOf(EnumSet.of(Role.STORE))) {
                try (HttpClient http = host.http(host.issue(role, "someone"))) {
                    RouteRoles.rows().forEach((row, allowed) -> check(http, host, role, null, row, allowed, wrong));
                }
            }
            assertThat(wrong).isEmpty();
        }
    }

    /** A host that passes a request on for somebody has that one's role, and no more. */
    @Test
    void aHostThatAsksForSomebodyMayDoWhatThatOneMay() throws Exception {
        try (SecureHost host = SecureHost.open("host-a", new FakeFleet(), directory);
                HttpClient http = host.http(host.issue(Role.HOST, "host-b"))) {
            List<String> wrong = new ArrayList<>();
            for (Role role : List.of(Role.VIEWER, Role.AGENT_BROKER, Role.OPERATOR)) {
                RouteRoles.rows()
                        .forEach((row, allowed) ->
                                check(http, host, role, role.text() + "/someone", row, allowed, wrong));
            }
            for (String nobody : List.of("host/host-a", "join/host-c", "store/etcd")) {
                check(http, host, Role.HOST, nobody, "GET /v1/vms", Set.of(), wrong);
            }
            assertThat(wrong).isEmpty();
        }
    }

    @Test
    void whoIsNoHostCanNotNameAnother() throws Exception {
        try (SecureHost host = SecureHost.open("host-a", new FakeFleet(), directory);
                HttpClient http = host.http(host.issue(Role.VIEWER, "eve"))) {
            List<String> wrong = new ArrayList<>();
            RouteRoles.rows()
                    .forEach((row, allowed) -> check(http, host, Role.VIEWER, "operator/alice", row, allowed, wrong));
            assertThat(wrong).isEmpty();
        }
    }

    private static void check(
            HttpClient http,
            SecureHost host,
            Role role,
            @Nullable String caller,
            String row,
            Set<Role> allowed,
            List<String> wrong) {
        int space = row.indexOf(' ');
        String path = row.substring(space + 1).replaceAll("\\{[a-z]+}", "none");
        HttpRequest.Builder request = HttpRequest.newBuilder(host.base.resolve(path))
                .timeout(TestHost.TIMEOUT)
                .method(row.substring(0, space), HttpRequest.BodyPublishers.noBody());
        if (caller != null) {
            request.header(Access.CALLER.defaultCase(), caller);
        }
        int status;
        try {
            HttpResponse<InputStream> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            status = answer.statusCode();
            answer.body().close();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(role + " " + row, e);
        }
        if (allowed.contains(role) == (status == 403)) {
            wrong.add(role.text() + (caller == null ? "" : " as " + caller) + ": " + row + " was answered " + status);
        }
    }
}
