package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.godwit.api.Vm;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract: what openapi.yaml says, the records and the routes are, and the other way round. */
class OpenApiTest {
    /** Fields that a request may leave out although the record always has them. */
    private static final Set<String> OPTIONAL =
            Set.of("ExecRequest.env", "ExecRequest.tty", "CreateVm.labels", "PublishPort.protocol");

    @TempDir
    Path directory;

    private static JsonNode api;

    @BeforeAll
    static void read() throws Exception {
        try (InputStream yaml = Vm.class.getResourceAsStream("openapi.yaml")) {
            api = new YAMLMapper().readTree(yaml);
        }
    }

    @Test
    void everyRouteIsDescribedAndEveryDescribedRouteIsServed() throws Exception {
        Set<String> described = new TreeSet<>();
        api.get("paths")
                .properties()
                .forEach(path -> path.getValue()
                        .fieldNames()
                        .forEachRemaining(
                                method -> described.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
        EventLog log = EventLog.open(directory.resolve("events"), "host-a", InstantSource.system());
        Set<String> served = new TreeSet<>();
        try (RestApi rest = new RestApi(
                new FakeControl("host-a", new FakeFleet(), log),
                log,
                new Metrics(new PrometheusRegistry()),
                InstantSource.system())) {
            rest.routes().forEach(route -> served.add(route.method() + " " + route.path()));
        }
        assertThat(described).isEqualTo(served);
    }

    @Test
    void everyShapeIsARecordWithTheSameFields() throws Exception {
        List<String> checked = new ArrayList<>();
        for (var schema : api.get("components").get("schemas").properties()) {
            Class<?> type = Class.forName("dev.godwit.api." + schema.getKey());
            if (type.isEnum()) {
                assertThat(values(schema.getValue().get("enum")))
                        .as(schema.getKey())
                        .isEqualTo(Arrays.stream(type.getEnumConstants())
                                .map(Object::toString)
                                .toList());
            } else {
                assertFields(schema.getKey(), schema.getValue(), type);
            }
            checked.add(schema.getKey());
        }
        assertThat(checked).containsExactlyInAnyOrderElementsOf(publicShapes());
    }

    private static void assertFields(String name, JsonNode schema, Class<?> type) {
        Set<String> fields = new TreeSet<>();
        schema.get("properties").fieldNames().forEachRemaining(fields::add);
        Set<String> components = new TreeSet<>();
        Set<String> needed = new TreeSet<>();
        for (RecordComponent component : type.getRecordComponents()) {
            components.add(component.getName());
            if (!component.getAnnotatedType().isAnnotationPresent(Nullable.class)
                    && !OPTIONAL.contains(name + "." + component.getName())) {
                needed.add(component.getName());
            }
            JsonNode property = schema.get("properties").get(component.getName());
            if (property != null) {
                assertThat(kind(property)).as(name + "." + component.getName()).isEqualTo(kind(component.getType()));
            }
        }
        assertThat(fields).as(name).isEqualTo(components);
        assertThat(new TreeSet<>(values(schema.path("required"))))
                .as(name + " required")
                .isEqualTo(needed);
    }

    private static List<String> values(JsonNode list) {
        List<String> values = new ArrayList<>();
        list.forEach(value -> values.add(value.asText()));
        return values;
    }

    private static String kind(JsonNode property) {
        if (property.has("$ref")) {
            String reference = property.get("$ref").asText();
            return reference.substring(reference.lastIndexOf('/') + 1);
        }
        String format = property.path("format").asText();
        return property.get("type").asText() + (format.isEmpty() ? "" : " " + format);
    }

    private static String kind(Class<?> type) {
        if (type == int.class || type == Integer.class) {
            return "integer int32";
        } else if (type == long.class || type == Long.class) {
            return "integer int64";
        } else if (type == Double.class || type == double.class) {
            return "number";
        } else if (type == boolean.class) {
            return "boolean";
        } else if (type == String.class) {
            return "string";
        } else if (type == Instant.class) {
            return "string date-time";
        } else if (type == List.class) {
            return "array";
        } else if (type == Map.class) {
            return "object";
        }
        return type.getSimpleName();
    }

    private static List<String> publicShapes() throws Exception {
        Path classes = Path.of(System.getProperty("godwit.root"), "hostd/api/src/main/java/dev/godwit/api");
        try (Stream<Path> files = Files.list(classes)) {
            return files.map(file -> file.getFileName().toString().replace(".java", ""))
                    .filter(name -> !name.equals("package-info") && !name.equals("Require"))
                    .toList();
        }
    }

    @Test
    void whatIsServedHasTheShapeThatIsDescribed() throws Exception {
        FakeFleet fleet = new FakeFleet();
        try (TestHost host = TestHost.open("host-a", fleet, directory)) {
            host.createVm("web");
            fleet.hosts.put("host-b", host.base);
            host.send("POST", "/v1/vms/web/exec", "{\"argv\":[\"wait\"]}");
            for (String path : List.of(
                    "/v1/vms",
                    "/v1/vms/web",
                    "/v1/vms/web/exec/e2",
                    "/v1/images",
                    "/v1/images/debian-ci",
                    "/v1/host",
                    "/v1/hosts",
                    "/v1/capabilities",
                    "/v1/moves")) {
                var answer = host.send("GET", path, null);
                assertThat(answer.statusCode()).as(path + answer.body()).isEqualTo(200);
                JsonNode schema = described(path);
                JsonNode body = new ObjectMapper().readTree(answer.body());
                assertConforms(path, body, schema);
            }
        }
    }

    private static JsonNode described(String path) {
        for (var entry : api.get("paths").properties()) {
            if (new Route("GET", entry.getKey(), (request, response) -> {}).takes(path)) {
                return entry.getValue().at("/get/responses/200/content/application~1json/schema");
            }
        }
        throw new AssertionError("no path for " + path);
    }

    private static void assertConforms(String where, JsonNode value, JsonNode schema) {
        if (schema.has("$ref")) {
            String name = schema.get("$ref").asText();
            JsonNode named = api.get("components").get("schemas").get(name.substring(name.lastIndexOf('/') + 1));
            assertConforms(where, value, named);
        } else if (schema.has("enum")) {
            assertThat(values(schema.get("enum"))).as(where).contains(value.asText());
        } else if (schema.get("type").asText().equals("array")) {
            assertThat(value.isArray()).as(where).isTrue();
            value.forEach(element -> assertConforms(where + "[]", element, schema.get("items")));
        } else if (schema.has("properties")) {
            List<String> fields = new ArrayList<>();
            value.fieldNames().forEachRemaining(fields::add);
            assertThat(fields).as(where).containsAll(values(schema.path("required")));
            for (String field : fields) {
                JsonNode property = schema.get("properties").get(field);
                assertThat(property).as(where + "." + field).isNotNull();
                assertConforms(where + "." + field, value.get(field), property);
            }
        }
    }
}
