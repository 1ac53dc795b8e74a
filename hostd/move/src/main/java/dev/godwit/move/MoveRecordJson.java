package dev.godwit.move;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** A move's record as one line of JSON, with the version of its shape. */
final class MoveRecordJson {
    private static final int VERSION = 1;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private MoveRecordJson() {}

    static String write(MoveRecord record) {
        Reservation reservation = record.reservation();
        ObjectNode node = MAPPER.createObjectNode()
                .put("version", VERSION)
                .put("moveId", reservation.moveId())
                .put("vmId", reservation.vmId())
                .put("from", reservation.from())
                .put("to", reservation.to())
                .put("fence", reservation.fence())
                .put("needs", reservation.needs())
                .put("side", record.side().name())
                .put("plannedMode", record.planned().mode().name())
                .put("plannedNanos", record.planned().predicted().toNanos())
                .put("rounds", record.rounds())
                .put("memoryBytes", record.bytes().memoryBytes())
                .put("diskBytes", record.bytes().diskBytes())
                .put("stateBytes", record.bytes().stateBytes())
                .put("why", record.why());
        record.fenceAfter().ifPresent(v -> node.put("fenceAfter", v));
        record.pausedAtNanos().ifPresent(v -> node.put("pausedAtNanos", v));
        record.resumedAtNanos().ifPresent(v -> node.put("resumedAtNanos", v));
        ArrayNode history = node.putArray("history");
        for (Transition t : record.history()) {
            history.addObject().put("state", t.state().name()).put("at", t.at().toString());
        }
        return node.toString();
    }

    static MoveRecord read(String line) throws IOException {
        try {
            JsonNode node = MAPPER.readTree(line);
            if (node.path("version").asInt() != VERSION) {
                throw new IOException("version " + node.path("version") + " of a move's record is not " + VERSION);
            }
            List<Transition> history = new ArrayList<>();
            for (JsonNode t : node.required("history")) {
                history.add(new Transition(MoveState.valueOf(text(t, "state")), Instant.parse(text(t, "at"))));
            }
            return new MoveRecord(
                    new Reservation(
                            text(node, "moveId"),
                            text(node, "vmId"),
                            text(node, "from"),
                            text(node, "to"),
                            node.required("fence").asLong(),
                            text(node, "needs")),
                    MoveSide.valueOf(text(node, "side")),
                    new PlannedMove(
                            PlannedMove.Mode.valueOf(text(node, "plannedMode")),
                            Duration.ofNanos(node.required("plannedNanos").asLong())),
                    history,
                    node.required("rounds").asInt(),
                    new BytesSent(
                            node.required("memoryBytes").asLong(),
                            node.required("diskBytes").asLong(),
                            node.required("stateBytes").asLong()),
                    optional(node, "fenceAfter"),
                    optional(node, "pausedAtNanos"),
                    optional(node, "resumedAtNanos"),
                    text(node, "why"));
        } catch (JsonProcessingException | IllegalArgumentException | DateTimeException e) {
            throw new IOException("not a move's record: " + e.getMessage(), e);
        }
    }

    private static String text(JsonNode node, String field) {
        return node.required(field).asText();
    }

    private static OptionalLong optional(JsonNode node, String field) {
        return node.has(field) ? OptionalLong.of(node.get(field).asLong()) : OptionalLong.empty();
    }
}
