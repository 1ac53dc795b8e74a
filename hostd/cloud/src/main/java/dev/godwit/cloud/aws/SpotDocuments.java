package dev.godwit.cloud.aws;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;

/** Reads the two documents that announce the end of a spot instance. */
final class SpotDocuments {
    private static final ObjectMapper JSON = new ObjectMapper();

    private SpotDocuments() {}

    /** Whether it is an object with an action: then it is a notice, whatever its time says. */
    static boolean isInterruption(String document) {
        try {
            JsonNode read = JSON.readTree(document);
            return read != null && read.path("action").isTextual();
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    /** The time of {@code {"action":"terminate|stop|hibernate","time":"2026-11-22T03:51:38Z"}}. */
    static Instant interruptionTime(String document) throws IOException {
        return time(document, "time", "spot/instance-action");
    }

    /** The time of {@code {"noticeTime":"2026-11-22T03:51:38Z"}}. */
    static Instant rebalanceTime(String document) throws IOException {
        return time(document, "noticeTime", "events/recommendations/rebalance");
    }

    private static Instant time(String document, String field, String what) throws IOException {
        try {
            JsonNode value = JSON.readTree(document).get(field);
            if (value == null || !value.isTextual()) {
                throw new IOException(what + " has no text field '" + field + "': " + shortened(document));
            }
            return Instant.parse(value.textValue());
        } catch (JsonProcessingException | DateTimeException e) {
            throw new IOException(what + " can't be read: " + shortened(document), e);
        }
    }

    private static String shortened(String document) {
        return document.length() <= 200 ? document : document.substring(0, 200) + "...";
    }
}
