package dev.godwit.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.regex.Pattern;

/**
 * The first words of both ends of a connection.
 *
 * @param protocol version; both must be equal
 * @param host the sender's id, as it says
 * @param use what the connection is for
 */
record Hello(int protocol, String host, Use use) {
    /** The wire format described by {@link Frame}. */
    static final int PROTOCOL = 1;

    enum Use {
        CALLS,
        STREAM
    }

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final ObjectMapper JSON = new ObjectMapper();

    Hello {
        if (!HOST.matcher(host).matches()) {
            throw new IllegalArgumentException(
                    "host id \"" + host + "\" is not 1 to 63 letters, digits, dots, dashes and underscores");
        }
    }

    Hello(String host, Use use) {
        this(PROTOCOL, host, use);
    }

    Frame say(Connection connection, TrafficCount traffic) throws IOException {
        traffic.add(ByteKind.CONTROL, connection.write(Frame.of(Frame.HELLO, 0, 0, json())));
        return connection.read();
    }

    byte[] json() throws IOException {
        return JSON.writeValueAsBytes(JSON.createObjectNode()
                .put("protocol", protocol)
                .put("host", host)
                .put("use", use.name()));
    }

    /** Reads a hello of a frame that a stranger sent. */
    static Hello of(Frame frame) throws BadFrame {
        if (frame.type() != Frame.HELLO) {
            throw new BadFrame("first frame has type " + frame.type() + ", not hello");
        }
        try {
            JsonNode json = JSON.readTree(frame.bytes());
            return new Hello(
                    json.path("protocol").asInt(),
                    json.path("host").asText(),
                    Use.valueOf(json.path("use").asText()));
        } catch (IOException | IllegalArgumentException e) {
            throw new BadFrame("hello can't be read: " + e.getMessage());
        }
    }
}
