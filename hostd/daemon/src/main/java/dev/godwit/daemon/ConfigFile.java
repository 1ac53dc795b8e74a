package dev.godwit.daemon;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;

/** Reads {@code hostd.yaml}. */
final class ConfigFile {
    private ConfigFile() {}

    /** Longer than every key with a comment of a page each. */
    private static final long BYTES_MAX = 1024 * 1024;

    private static final Shapes SHAPES = new Shapes(new PropertyNamingStrategies.KebabCaseStrategy()::translate);

    /** The file is not a configuration; the message says where and what. */
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1L;

        Unusable(String sentence, Throwable cause) {
            super(sentence, cause);
        }

        Unusable(String sentence) {
            super(sentence);
        }
    }

    /** Reads and checks a file. */
    static HostdConfig read(Path file) throws Unusable {
        byte[] content;
        try {
            if (Files.size(file) > BYTES_MAX) {
                throw new Unusable(
                        file + " has " + Files.size(file) + " bytes; a configuration has at most " + BYTES_MAX + ".");
            }
            content = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new Unusable("There is no configuration at " + file + "; name one with --config FILE.", e);
        } catch (IOException e) {
            throw new Unusable("Could not read the configuration " + file + ": " + e + ".", e);
        }
        return parse(content, file.toString());
    }

    /**
     * Checks a configuration.
     *
     * @param source what messages call it
     */
    static HostdConfig parse(byte[] content, String source) throws Unusable {
        ObjectMapper mapper = mapper();
        try (JsonParser document = mapper.createParser(content)) {
            if (!SHAPES.check(document, HostdConfig.class)) {
                throw new Unusable(source + " is empty; it needs at least host-id.");
            }
            return mapper.readValue(content, HostdConfig.class);
        } catch (BadRequest e) {
            throw new Unusable(source + ": " + e.getMessage(), e);
        } catch (JsonMappingException e) {
            throw new Unusable(source + ": " + Json.sentence(e), e);
        } catch (JsonProcessingException e) {
            throw new Unusable(source + " is not YAML: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new Unusable(source + " could not be read: " + e + ".", e);
        }
    }

    private static ObjectMapper mapper() {
        SimpleModule durations = new SimpleModule("durations");
        durations.addDeserializer(Duration.class, new DurationReader());
        return Json.strict(YAMLMapper.builder())
                .addModule(durations)
                .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
                .build();
    }

    private static final class DurationReader extends StdScalarDeserializer<Duration> {
        private static final long serialVersionUID = 1L;

        DurationReader() {
            super(Duration.class);
        }

        @Override
        public Duration deserialize(JsonParser in, DeserializationContext context) throws IOException {
            try {
                return Durations.parse(in.getText());
            } catch (IllegalArgumentException e) {
                throw JsonMappingException.from(in, String.valueOf(e.getMessage()), e);
            }
        }
    }
}
