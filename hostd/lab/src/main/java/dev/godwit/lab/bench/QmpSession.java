package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A conversation with a QEMU monitor, one command at a time. Source: docs/interop/qmp-spec.txt of QEMU. For one thread;
 * the end of QEMU ends every wait.
 */
final class QmpSession implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel channel;
    private final BufferedReader answers;

    private QmpSession(SocketChannel channel) {
        this.channel = channel;
        this.answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
    }

    /** Connects and leaves the negotiation mode. */
    static QmpSession open(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            QmpSession session = new QmpSession(channel);
            session.execute("qmp_capabilities");
            return session;
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    static ObjectNode arguments() {
        return JSON.createObjectNode();
    }

    JsonNode execute(String command) throws IOException {
        return execute(command, arguments());
    }

    /** Sends a command and gives its {@code return}; events are passed over. */
    JsonNode execute(String command, ObjectNode arguments) throws IOException {
        ObjectNode message = JSON.createObjectNode().put("execute", command);
        message.set("arguments", arguments);
        ByteBuffer bytes = ByteBuffer.wrap((message + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        while (true) {
            String line = answers.readLine();
            if (line == null) {
                throw new IOException("QEMU closed its monitor before it answered " + command);
            }
            JsonNode answer = JSON.readTree(line);
            if (answer.has("error")) {
                throw new IOException("QEMU refused " + command + ": "
                        + answer.path("error").path("desc").asText());
            }
            if (answer.has("return")) {
                return answer.path("return");
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
