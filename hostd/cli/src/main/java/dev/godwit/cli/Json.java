package dev.godwit.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as plain maps, lists, strings, numbers and booleans: a command line tool needs no more, and starts faster. */
final class Json {
    private Json() {}

    private static final JsonFactory FACTORY = new JsonFactory();

    static @Nullable Object read(byte[] document) throws IOException {
        try (JsonParser parser = FACTORY.createParser(document)) {
            if (parser.nextToken() == null) {
                throw new IOException("its answer is empty; is it a hostd?");
            }
            return value(parser);
        }
    }

    /** Reads a document that must be an object. */
    static Map<String, @Nullable Object> object(byte[] document) throws IOException {
        return asObject(read(document));
    }

    @SuppressWarnings("unchecked") // read() makes objects of this kind only
    static Map<String, @Nullable Object> asObject(@Nullable Object value) throws IOException {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, @Nullable Object>) map;
        }
        throw new IOException("its answer is not a JSON object; is it a hostd?");
    }

    /** Reads a document that must be a list. */
    static List<?> list(byte[] document) throws IOException {
        if (read(document) instanceof List<?> list) {
            return list;
        }
        throw new IOException("its answer is not a JSON list; is it a hostd?");
    }

    private static @Nullable Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> object = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    object.put(name, value(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> parser.getText();
        };
    }

    static byte[] bytes(@Nullable Object value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator generator = FACTORY.createGenerator(out)) {
            write(generator, value);
        } catch (IOException e) {
            throw new UncheckedIOException("could not write JSON to memory", e);
        }
        return out.toByteArray();
    }

    private static void write(JsonGenerator out, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> out.writeNull();
            case Map<?, ?> map -> {
                out.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.writeFieldName(String.valueOf(entry.getKey()));
                    write(out, entry.getValue());
                }
                out.writeEndObject();
            }
            case List<?> list -> {
                out.writeStartArray();
                for (Object element : list) {
                    write(out, element);
                }
                out.writeEndArray();
            }
            case Boolean flag -> out.writeBoolean(flag);
            case Integer number -> out.writeNumber(number);
            case Long number -> out.writeNumber(number);
            case Double number -> out.writeNumber(number);
            default -> out.writeString(value.toString());
        }
    }

    /** A field as a person reads it; {@code -} where there is none. */
    static String text(Map<String, @Nullable Object> object, String field) {
        return text(object.get(field));
    }

    static String text(@Nullable Object value) {
        return switch (value) {
            case null -> "-";
            case Double number -> Long.toString(Math.round(number));
            case List<?> list when list.isEmpty() -> "-";
            case List<?> list -> String.join(",", list.stream().map(Json::text).toList());
            default -> {
                String text = value.toString();
                yield text.isEmpty() ? "-" : text;
            }
        };
    }
}
