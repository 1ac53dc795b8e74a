package dev.godwit.daemon;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.cfg.MutableCoercionConfig;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdScalarSerializer;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** JSON as REST speaks it: strict when reading, absent instead of null when writing. Thread-safe. */
final class Json {
    private Json() {}

    /** Our shapes are at most four deep; a hundred is somebody's attack. */
    private static final int DEPTH_MAX = 100;

    private static final ObjectMapper MAPPER = strict(JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEPTH_MAX)
                            .build())
                    .build()))
            .build();

    private static final Shapes SHAPES = new Shapes(name -> name);

    /** The settings that REST and the configuration file share. */
    static <M extends ObjectMapper, B extends MapperBuilder<M, B>> B strict(B builder) {
        SimpleModule times = new SimpleModule("times");
        times.addSerializer(Instant.class, new InstantWriter());
        times.addDeserializer(Instant.class, new InstantReader());
        return builder.addModule(times)
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                .enable(DeserializationFeature.READ_ENUMS_USING_TO_STRING)
                .enable(SerializationFeature.WRITE_ENUMS_USING_TO_STRING)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                // A text is no number and a number no text; what is left out keeps its type's default (false, 0).
                .withCoercionConfig(LogicalType.Integer, Json::asWritten)
                .withCoercionConfig(LogicalType.Float, Json::asWritten)
                .withCoercionConfig(LogicalType.Boolean, Json::asWritten)
                .withCoercionConfig(LogicalType.Textual, Json::asWritten)
                .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                .defaultPropertyInclusion(
                        JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL));
    }

    private static void asWritten(MutableCoercionConfig config) {
        for (CoercionInputShape shape : List.of(
                CoercionInputShape.String,
                CoercionInputShape.EmptyString,
                CoercionInputShape.Boolean,
                CoercionInputShape.Integer,
                CoercionInputShape.Float)) {
            config.setCoercion(shape, CoercionAction.Fail);
        }
    }

    /** As it is sent. */
    static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(
                    "Could not write a " + value.getClass().getSimpleName() + " as JSON", e);
        }
    }

    /** On one line. */
    static String line(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(
                    "Could not write a " + value.getClass().getSimpleName() + " as JSON", e);
        }
    }

    /** The same of a text. */
    static <T> T read(String document, Class<T> shape) {
        return read(document.getBytes(StandardCharsets.UTF_8), shape);
    }

    /**
     * Reads a whole document.
     *
     * @throws BadRequest it is not JSON, or not of this shape
     */
    static <T> T read(byte[] document, Class<T> shape) {
        if (document.length == 0) {
            throw new BadRequest("The body is empty; a JSON object with " + fields(shape) + " is needed.");
        }
        T value;
        try {
            if (shape.isRecord()) {
                try (JsonParser parser = MAPPER.createParser(document)) {
                    SHAPES.check(parser, shape);
                }
            }
            value = MAPPER.readValue(document, shape);
        } catch (JsonMappingException e) {
            throw new BadRequest(sentence(e));
        } catch (JsonProcessingException e) {
            throw new BadRequest("The body is not JSON" + place(e) + ": " + e.getOriginalMessage() + ".");
        } catch (IOException e) {
            throw new UncheckedIOException("Could not read bytes in memory", e);
        }
        if (value == null) {
            throw new BadRequest("The body is null; a JSON object with " + fields(shape) + " is needed.");
        }
        return value;
    }

    /** Reads a list whose elements have this shape. */
    static <T> List<T> readList(byte[] document, Class<T> element) throws IOException {
        return MAPPER.readValue(document, MAPPER.getTypeFactory().constructCollectionType(List.class, element));
    }

    /** What is wrong with a document of good JSON or YAML, where. */
    static String sentence(JsonMappingException e) {
        if (e instanceof UnrecognizedPropertyException unknown) {
            Collection<String> known =
                    unknown.getKnownPropertyIds().stream().map(String::valueOf).toList();
            return "Unknown field \"" + path(e) + "\"" + place(e) + Nearest.hint(unknown.getPropertyName(), known);
        }
        if (e instanceof ValueInstantiationException && e.getCause() != null) {
            String within = path(e);
            return (within.isEmpty() ? "" : "Field \"" + within + "\": ")
                    + e.getCause().getMessage() + ".";
        }
        if (e instanceof InvalidFormatException format && format.getTargetType().isEnum()) {
            List<String> known = Arrays.stream(format.getTargetType().getEnumConstants())
                    .map(String::valueOf)
                    .toList();
            return "Field \"" + path(e) + "\"" + place(e) + " is \"" + format.getValue() + "\""
                    + Nearest.hint(String.valueOf(format.getValue()), known);
        }
        String what = path(e).isEmpty() ? "The document" : "Field \"" + path(e) + "\"";
        if (e instanceof MismatchedInputException wrong && wrong.getTargetType() != null) {
            return what + place(e) + " is not " + kind(wrong.getTargetType()) + ".";
        }
        return what + place(e) + ": " + e.getOriginalMessage() + ".";
    }

    private static String kind(Class<?> type) {
        if (type == int.class || type == long.class || Number.class.isAssignableFrom(type)) {
            return "a whole number in range";
        }
        if (type == boolean.class) {
            return "true or false";
        }
        if (Collection.class.isAssignableFrom(type)) {
            return "a list";
        }
        return type == String.class ? "a text" : "of the kind " + type.getSimpleName();
    }

    private static String path(JsonMappingException e) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference step : e.getPath()) {
            if (step.getFieldName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getFieldName());
            }
        }
        return path.toString();
    }

    private static String place(JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : " in line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr();
    }

    private static String fields(Class<?> shape) {
        return shape.isRecord()
                ? String.join(
                        ", ",
                        Arrays.stream(shape.getRecordComponents())
                                .map(component -> component.getName())
                                .toList())
                : "its fields";
    }

    private static final class InstantWriter extends StdScalarSerializer<Instant> {
        private static final long serialVersionUID = 1L;

        InstantWriter() {
            super(Instant.class);
        }

        @Override
        public void serialize(Instant value, JsonGenerator out, SerializerProvider provider) throws IOException {
            out.writeString(value.toString());
        }
    }

    private static final class InstantReader extends StdScalarDeserializer<Instant> {
        private static final long serialVersionUID = 1L;

        InstantReader() {
            super(Instant.class);
        }

        @Override
        public Instant deserialize(JsonParser in, DeserializationContext context) throws IOException {
            String text = in.getText();
            try {
                return Instant.parse(text);
            } catch (DateTimeException e) {
                throw context.weirdStringException(text, Instant.class, "not a time such as 2026-11-24T12:00:00Z");
            }
        }
    }
}
