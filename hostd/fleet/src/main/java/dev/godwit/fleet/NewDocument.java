package dev.godwit.fleet;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A document as it is about to be written, held to what {@link FleetDocuments} says of it. */
public record NewDocument(String kind, String name, String json) {
    private static final JsonFactory JSON = new JsonFactory();

    public NewDocument {
        requireKey(kind, name);
        int bytes = json.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > FleetDocuments.JSON_BYTES_MOST) {
            throw new IllegalArgumentException(
                    kind + " " + name + " has " + bytes + " bytes of JSON, most is " + FleetDocuments.JSON_BYTES_MOST);
        }
        requireJson(kind, name, json);
    }

    /** Refuses what can be no key. */
    public static void requireKey(String kind, String name) {
        requireKind(kind);
        Names.requireId(kind, name);
    }

    /** Refuses what can be no kind. */
    public static void requireKind(String kind) {
        Names.requireId("kind", kind);
    }

    private static void requireJson(String kind, String name, String json) {
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() == null) {
                throw new IllegalArgumentException(kind + " " + name + " is empty and no JSON");
            }
            parser.skipChildren();
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException(kind + " " + name + " has more than one JSON value");
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(kind + " " + name + " is no JSON: " + e.getMessage(), e);
        }
    }

    /** What an error says was tried. */
    public String tried() {
        return "write " + kind + " " + name;
    }
}
