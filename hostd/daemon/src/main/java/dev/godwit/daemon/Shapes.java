package dev.godwit.daemon;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Whether a document has only fields that a record has. It is looked at before the record is made, so that a mistyped name
 * is told as such and not as a missing value.
 */
final class Shapes {
    private final UnaryOperator<String> written;

    /** @param written how a component's name is written in the document */
    Shapes(UnaryOperator<String> written) {
        this.written = written;
    }

    /**
     * Reads the document from its first token to its last.
     *
     * @return false when it is empty
     * @throws BadRequest it has an unknown field, or something else where an object must be
     */
    boolean check(JsonParser document, Class<?> shape) throws IOException {
        if (document.nextToken() == null || document.currentToken() == JsonToken.VALUE_NULL) {
            return false;
        }
        object(document, shape, "The document");
        return true;
    }

    private void object(JsonParser document, Class<?> shape, String what) throws IOException {
        Map<String, Class<?>> known = new LinkedHashMap<>();
        for (RecordComponent component : shape.getRecordComponents()) {
            known.put(written.apply(component.getName()), component.getType());
        }
        if (document.currentToken() != JsonToken.START_OBJECT) {
            throw new BadRequest(what + place(document) + " is not an object; an object with "
                    + String.join(", ", known.keySet()) + " is needed.");
        }
        while (document.nextToken() == JsonToken.FIELD_NAME) {
            String name = document.currentName();
            Class<?> type = known.get(name);
            if (type == null) {
                throw new BadRequest(
                        "Unknown field \"" + name + "\"" + place(document) + Nearest.hint(name, known.keySet()));
            }
            document.nextToken();
            if (type.isRecord() && document.currentToken().isStructStart()) {
                object(document, type, "Field \"" + name + "\"");
            } else {
                document.skipChildren();
            }
        }
    }

    private static String place(JsonParser document) {
        JsonLocation location = document.currentTokenLocation();
        return " in line " + location.getLineNr() + ", column " + location.getColumnNr();
    }
}
