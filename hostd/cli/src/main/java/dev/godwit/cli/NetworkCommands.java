package dev.godwit.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code godwit net list|show|create|set|rm}: the networks of projects. */
final class NetworkCommands {
    private static final Set<String> SETTINGS =
            Set.of("--allow", "--deny", "--egress", "--rate-out", "--rate-in", "--subnet", "--clear");

    private static final Set<String> FIELDS = Set.of("allow", "deny", "egress", "rate", "subnet");

    private final Session session;
    private final Fleet fleet;

    NetworkCommands(Session session) {
        this.session = session;
        this.fleet = session.fleet();
    }

    void list(List<String> line) throws Failure, IOException {
        new Arguments("net list", line, Set.of(), Set.of()).words();
        byte[] document = fleet.get("/v1/networks");
        if (session.json()) {
            session.document(document);
            return;
        }
        Table table = new Table("PROJECT", "VNI", "REVISION", "ALLOW", "DENY", "EGRESS", "RATE OUT/IN", "SUBNET");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> network = Json.asObject(element);
            table.row(
                    Json.text(network, "project"),
                    Json.text(network, "vni"),
                    Json.text(network, "revision"),
                    count(network, "allow"),
                    count(network, "deny"),
                    count(network, "egress"),
                    rate(network, "outBitsPerSecond") + "/" + rate(network, "inBitsPerSecond"),
                    Json.text(network, "subnet"));
        }
        session.out().print(table);
    }

    private static String count(Map<String, @Nullable Object> network, String field) {
        return network.get(field) instanceof List<?> list && !list.isEmpty() ? Integer.toString(list.size()) : "-";
    }

    private static String rate(Map<String, @Nullable Object> network, String field) {
        return network.get("rate") instanceof Map<?, ?> rate && rate.get(field) instanceof Long bits
                ? NetworkWords.rate(bits)
                : "-";
    }

    void show(List<String> line) throws Failure, IOException {
        String project = new Arguments("net show", line, Set.of(), Set.of())
                .words("PROJECT")
                .get(0);
        print(fleet.get(path(project)));
    }

    void create(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("net create", line, SETTINGS, Set.of());
        String project = arguments.words("PROJECT").get(0);
        put(project, changed(new LinkedHashMap<>(), arguments), "If-None-Match: *");
    }

    /** What no option names stays; a list that one names is given whole. */
    void set(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("net set", line, SETTINGS, Set.of());
        String project = arguments.words("PROJECT").get(0);
        if (SETTINGS.stream().noneMatch(option -> !arguments.all(option).isEmpty())) {
            throw Failure.usage("net set needs something to set; see godwit net set --help.");
        }
        Map<String, @Nullable Object> network = Json.object(fleet.get(path(project)));
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        for (String field : List.of("allow", "deny", "egress", "rate", "subnet")) {
            if (network.get(field) != null) {
                settings.put(field, network.get(field));
            }
        }
        put(project, changed(settings, arguments), "If-Match: \"" + Json.text(network, "revision") + "\"");
    }

    void remove(List<String> line) throws Failure {
        String project = new Arguments("net rm", line, Set.of(), Set.of())
                .words("PROJECT")
                .get(0);
        fleet.remove(path(project), Fleet.ANSWER_MILLIS);
        if (session.json()) {
            session.document(Json.bytes(Map.of("removed", project)));
        } else {
            session.out().println(project + " removed");
        }
    }

    private static Map<String, @Nullable Object> changed(Map<String, @Nullable Object> settings, Arguments arguments)
            throws Failure {
        for (String field : arguments.all("--clear")) {
            if (!FIELDS.contains(field)) {
                throw Failure.usage("--clear " + field + " is none of allow, deny, egress, rate, subnet.");
            }
            settings.remove(field);
        }
        for (String list : List.of("allow", "deny")) {
            if (!arguments.all("--" + list).isEmpty()) {
                List<Object> rules = new ArrayList<>();
                for (String rule : arguments.all("--" + list)) {
                    rules.add(NetworkWords.rule(rule));
                }
                settings.put(list, rules);
            }
        }
        if (!arguments.all("--egress").isEmpty()) {
            settings.put("egress", NetworkWords.egress(arguments.all("--egress")));
        }
        Map<String, @Nullable Object> rate = new LinkedHashMap<>();
        if (settings.get("rate") instanceof Map<?, ?> before) {
            before.forEach((field, bits) -> rate.put(String.valueOf(field), bits));
        }
        putRate(rate, "outBitsPerSecond", arguments.value("--rate-out"));
        putRate(rate, "inBitsPerSecond", arguments.value("--rate-in"));
        if (!rate.isEmpty()) {
            settings.put("rate", rate);
        }
        if (arguments.value("--subnet") != null) {
            settings.put("subnet", arguments.value("--subnet"));
        }
        return settings;
    }

    private static void putRate(Map<String, @Nullable Object> rate, String field, @Nullable String text)
            throws Failure {
        if (text != null) {
            rate.put(field, NetworkWords.bitsPerSecond(text));
        }
    }

    private void put(String project, Map<String, @Nullable Object> settings, String precondition)
            throws Failure, IOException {
        Request request = Request.put(path(project), Json.bytes(settings)).with(precondition);
        byte[] document = fleet.document(fleet.once(request, Fleet.ANSWER_MILLIS));
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> network = Json.object(document);
        session.out()
                .println(Json.text(network, "project") + ": network " + Json.text(network, "vni") + ", revision "
                        + Json.text(network, "revision") + "; running VMs follow within moments");
    }

    private void print(byte[] document) throws IOException {
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> network = Json.object(document);
        session.out()
                .println("project " + Json.text(network, "project") + ", network number " + Json.text(network, "vni")
                        + ", revision " + Json.text(network, "revision"));
        session.out()
                .println("addresses from  "
                        + (network.get("subnet") == null ? "the fleet's subnet" : Json.text(network, "subnet")));
        session.out().println("rate out        " + rate(network, "outBitsPerSecond"));
        session.out().println("rate in         " + rate(network, "inBitsPerSecond"));
        Table table = new Table("RULE", "PREFIX", "PROTOCOL", "PORTS");
        for (String list : List.of("allow", "deny")) {
            for (Object element : asList(network.get(list))) {
                Map<String, @Nullable Object> rule = Json.asObject(element);
                table.row(
                        list,
                        Json.text(rule, "prefix"),
                        rule.get("protocol") == null ? "any" : Json.text(rule, "protocol"),
                        rule.get("ports") == null ? "any" : Json.text(rule, "ports"));
            }
        }
        for (Object element : asList(network.get("egress"))) {
            Map<String, @Nullable Object> rule = Json.asObject(element);
            table.row("egress " + Json.text(rule, "via"), Json.text(rule, "prefix"), "any", "any");
        }
        table.row("deny (always)", "metadata service, hosts, underlay, fleet store, other projects", "any", "any");
        table.row("allow", "everything else", "any", "any");
        session.out().print(table);
    }

    private static List<?> asList(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    private static String path(String project) {
        return "/v1/networks/" + Session.encoded(project);
    }
}
