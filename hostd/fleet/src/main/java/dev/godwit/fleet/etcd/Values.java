package dev.godwit.fleet.etcd;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.tls.Revocation;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values in etcd: JSON with the version of its shape. */
final class Values {
    private static final int VERSION = 1;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Values() {}

    /** Who owns a VM; its bytes are compared, so there is exactly one way to write it. */
    static ByteSequence owner(String owner, long fence) {
        return bytes(object().put("owner", owner).put("fence", fence));
    }

    static ByteSequence vm(NewOwnership vm) {
        return bytes(object().put("vmId", vm.vmId())
                .put("name", vm.name())
                .put("address", vm.address())
                .put("detail", vm.detail())
                .put("vni", vm.vni()));
    }

    static ByteSequence claim(String vmId) {
        return bytes(object().put("vmId", vmId));
    }

    static ByteSequence host(HostRecord host) {
        ObjectNode node = object().put("hostId", host.hostId())
                .put("installation", host.installation())
                .put("role", host.role().name())
                .put("restAddress", host.restAddress())
                .put("peerAddress", host.peerAddress())
                .put("underlayAddress", host.underlayAddress());
        ObjectNode labels = node.putObject("labels");
        host.labels().forEach(labels::put);
        return bytes(node);
    }

    static ByteSequence revocation(Revocation revocation) {
        return bytes(object().put("subject", revocation.subject())
                .put("at", revocation.at().toString()));
    }

    static Revocation revocation(KeyValue revocation) {
        JsonNode node = parse(revocation);
        return new Revocation(text(node, "subject"), Instant.parse(text(node, "at")));
    }

    static OwnershipRecord ownership(KeyValue vm, KeyValue owner) {
        JsonNode v = parse(vm);
        JsonNode o = parse(owner);
        return new OwnershipRecord(
                text(v, "vmId"),
                text(v, "name"),
                text(o, "owner"),
                o.required("fence").asLong(),
                text(v, "address"),
                text(v, "detail"),
                v.path("vni").asInt(NewOwnership.VNI_DEFAULT), // an older hostd knew one network
                vm.getCreateRevision());
    }

    static String claimedBy(KeyValue claim) {
        return text(parse(claim), "vmId");
    }

    static HostRecord host(KeyValue host) {
        JsonNode node = parse(host);
        Map<String, String> labels = new HashMap<>();
        node.required("labels")
                .properties()
                .forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
        return new HostRecord(
                text(node, "hostId"),
                text(node, "installation"),
                HostRole.valueOf(text(node, "role")),
                text(node, "restAddress"),
                text(node, "peerAddress"),
                node.path("underlayAddress").asText(), // a hostd of before routed networks wrote none
                labels);
    }

    private static ObjectNode object() {
        return MAPPER.createObjectNode().put("version", VERSION);
    }

    private static ByteSequence bytes(ObjectNode node) {
        return Keys.bytes(node.toString());
    }

    private static String text(JsonNode node, String field) {
        return node.required(field).asText();
    }

    private static JsonNode parse(KeyValue kv) {
        String value = kv.getValue().toString(StandardCharsets.UTF_8);
        try {
            JsonNode node = MAPPER.readTree(value);
            if (node.path("version").asInt() == VERSION) {
                return node;
            }
        } catch (JsonProcessingException e) {
            throw foreign(kv, value, e.getMessage());
        }
        throw foreign(kv, value, "its version is not " + VERSION);
    }

    private static IllegalStateException foreign(KeyValue kv, String value, @Nullable String why) {
        return new IllegalStateException("etcd key " + kv.getKey().toString(StandardCharsets.UTF_8) + " holds '" + value
                + "', which this version of hostd did not write: " + why);
    }
}
